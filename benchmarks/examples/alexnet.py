"""How the functions of the AlexNet homework are used, for its draft: networks that are built and not trained."""

import alexnet
import numpy as np

rng = np.random.default_rng(0)
alexnet.alexnet()
alexnet.alexnet(False, 0.25)
alexnet.runs_of_a()
alexnet.run_of_b()
alexnet.run_of_c()
measures = ("training loss", "training accuracy", "validation loss", "validation accuracy")
history = {measure: rng.uniform(size=5).tolist() for measure in measures}
alexnet.draw({"SGD": history, "Adam": {measure: rng.uniform(size=5).tolist() for measure in measures}})
