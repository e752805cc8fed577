"""polkit: rules in JavaScript, local authority files, and the defaults of actions."""
