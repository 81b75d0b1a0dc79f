"""What results mean, as a report: study (numbers), figures, gallery (the pairs themselves), report (the folder)."""
