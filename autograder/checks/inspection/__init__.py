"""Read objects of matplotlib, torch and scikit-learn into plain records."""
