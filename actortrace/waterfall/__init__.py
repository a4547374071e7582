"""How did the messages of a program unfold in time? Trace files, and their waterfall.

From a program to a picture, one file for each step:

    exporter     finished spans -> lines of a file        (encoding, attribute)
    trace_file   a file -> span records                   (decoding, field, attribute, record)
    trace        records -> traces                        (tree)
    story        traces -> the one that shows a crash     (mark, actor_span)
    terminal     a trace -> lines of a terminal           (excerpt, label, guides, bar, note, …)
    page         traces -> one HTML page                  (page_data, assets/)

Only `exporter` needs the OpenTelemetry SDK, and only `terminal` needs rich.
"""
