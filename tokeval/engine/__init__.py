"""Who runs it and where: a plan, shards of it, and the merge of their states."""
