"""Config matrices in the forms that products ship themselves: one module a form."""
