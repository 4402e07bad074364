# SPDX-License-Identifier: MIT
"""Records every network again: python3 test/oracle/brian2/record.py"""

import izhikevich
import lif
import plasticity
import stdp_network

for part in (lif, plasticity, izhikevich, stdp_network):
    part.main()
