"""Send both tasks for somebody: `python send.py OWNER`."""

import sys

from tasks import copy_orders, rebuild_index

owner = {"headway_owner": sys.argv[1]}
print(rebuild_index.apply_async(headers=owner | {"headway_title": "Rebuild the index"}).id)
print(copy_orders.apply_async(headers=owner | {"headway_title": "Copy the orders"}).id)
