"""Helpers of the report on halftone-based adversarial examples.

Images are float tensors (N, 1, H, W) in [0, 1] everywhere (uint8 only on disk and in
memory maps); every normalization lives inside a network.  The wings, each of which imports only
what stands below it (`lint-imports` holds them to that):

    __main__                    the one command line, `halftone`
    report    widgets           what a reader touches: tables, sentences, HTML; instruments
    quiz                        what people are asked, and what came back
    figures  captcha  studies   pictures of results; what is measured, which knows no wording
    results                     one schema, one tidy table, intervals, people, the talk's numbers
    networks                    architectures, training, FGSM
    digits                      data sets, frozen points, halftone sets, stylizer, photographs
    style    screens            the two ways to a halftone
    engine                      convolutions, checkpoints, hardware, files: what a reader may skip

A digit's way: digits.datasets -> digits.sets (drawn at digits.points) -> networks.training ->
studies.experiments -> results.store -> results.table -> report.tables -> a page.
"""
