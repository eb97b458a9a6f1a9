# SPDX-License-Identifier: Apache-2.0
"""The benchmark of lunar.service, started by run.py."""
