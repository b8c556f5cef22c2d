"""Who did what to whom, and from where: written with the deed, never changed, read by administrators."""
