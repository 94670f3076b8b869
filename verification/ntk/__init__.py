"""Neural tangent kernels of masked networks: of the limit, and of real networks at finite width.

Limit: ``graphon_factors`` puts a layer's two graphons on nodes and factorises them, ``dual`` evaluates the activation's
kernels on blocks, ``limit`` runs the recursion (``propagation``; ``homogeneous`` for constant graphons).
``finite_types`` evaluates it at the types of a finite network, for pairs of inputs, as [P25] writes it down;
``conditioned`` does so for kept weights under masks that saw data, from ``dense_types`` and ``own_share``.

Finite width: ``capture`` reads a network's activations and backward signals, ``masked_gram`` multiplies them over the
edges that are kept, ``empirical`` adds the layers up to the exact kernel; ``masked`` prunes a network at
initialisation, ``training`` trains it beside its own linearisation; ``spectra`` describes a kernel's eigenvalues.
"""
