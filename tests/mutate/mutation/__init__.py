# SPDX-License-Identifier: Apache-2.0
"""Mutation of lunar.service; run.py is its front."""
