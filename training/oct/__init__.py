"""Training of OCTCalcium's network: data from the phantom, training, evaluation, bundle and model card."""
