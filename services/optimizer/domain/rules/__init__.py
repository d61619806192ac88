"""One rule a module: from what is known to drafts of recommendations."""
