"""How the functions of the homework with SVM pipelines are used, for its draft: few samples, no networks."""

import numpy as np
import svm_models as models
import svm_plots as plots

rng = np.random.default_rng(0)
y = rng.integers(3, size=45)
x = rng.normal(size=(45, 4)) + 2 * rng.normal(size=(3, 4))[y]
models.rbf_pipeline(2.0, 0.5)
models.linear_pipeline(2.0, True)
models.pca_pipeline(0.5, 0.8)
models.neighbours(3)
models.centroid()
search = models.rbf_search(x, y, [0.5, 2.0], [0.1, 1.0], 3)
models.linear_search(x, y, [0.5, 2.0], 3)
models.pca_search(x, y, [0.5, 2.0], 3)
models.score_table(search, [0.5, 2.0], [0.1, 1.0])
models.ways_of_many_classes(x, y, x[:9], 1.0, 0.5)
plots.plot_samples(rng.integers(256, size=(3, 32, 32, 3)).astype(np.uint8), ["cat", "dog", "ship"])
numbers = rng.uniform(size=4).tolist()
names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
plots.plot_history(dict.fromkeys(names, numbers))
plots.plot_heat_map([0.5, 2.0, 8.0], [0.1, 1.0], rng.uniform(size=(3, 2)))
plots.plot_scores([0.5, 2.0, 8.0], {"linear": [0.3, 0.5, 0.4], "rbf": [0.4, 0.6, 0.5]})
plots.plot_reconstructions(rng.uniform(size=(3, 32, 32, 3)), rng.uniform(size=(3, 32, 32, 3)))
