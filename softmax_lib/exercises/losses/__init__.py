"""The checks of losses and their gradients."""
