"""Changes of datasets that need their files: reading one otherwise, adding another one."""
