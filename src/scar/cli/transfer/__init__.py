"""What `scar put` and `scar get` show."""
