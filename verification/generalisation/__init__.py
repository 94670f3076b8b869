"""Generalisation of pruned networks, measured: complexity of labels, predictors of the kernel regime, risks.

``pruned`` prunes one hidden layer and predicts its path density from the types; ``complexity`` computes
``y^T K^-1 y`` with an enclosure; ``predictor`` trains in the kernel regime, to the end or for some steps; ``risks``
holds the losses for which GEN holds; ``order`` compares a kernel with the one that PATH puts below it.
"""
