"""From scores to accuracies: views and ensembles averaged, files of scores, submissions."""
