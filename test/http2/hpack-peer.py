"""Decodes sequences of HPACK blocks with the package `hpack`: a line of JSON for each on standard input, one for each on standard output."""

import json
import sys

from hpack import Decoder, HPACKError


def texts(field):
    return [part.decode("latin1") for part in field[:2]]


for line in sys.stdin:
    sequence = json.loads(line)
    decoder = Decoder(max_header_list_size=2**40)
    decoder.max_allowed_table_size = sequence["tableBytesMax"]
    lists = []
    for block in sequence["blocks"]:
        try:
            lists.append([texts(field) for field in decoder.decode(bytes.fromhex(block), raw=True)])
        except HPACKError:
            lists.append(None)
            break
    table = [texts(entry) for entry in decoder.header_table.dynamic_entries]
    print(json.dumps({"lists": lists, "table": table}))
