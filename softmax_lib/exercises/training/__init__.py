"""The check of a training by stochastic gradient descent."""
