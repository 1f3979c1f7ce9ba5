"""Label maps: what they are, in and out of files, their segments' names, and their way onto another grid."""
