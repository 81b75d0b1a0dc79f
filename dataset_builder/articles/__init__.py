"""Articles: filters, headlines, duplicate groups and the split into subsets."""
