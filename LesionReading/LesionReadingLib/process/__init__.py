"""What a run does to the machine: cancelling, scratch folders, libraries that write to standard error."""
