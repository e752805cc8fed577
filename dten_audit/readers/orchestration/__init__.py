"""Readers of what configuration tools do to hosts: Ansible, Chef, Puppet, Salt."""
