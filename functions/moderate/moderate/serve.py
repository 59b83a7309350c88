"""The service as a plain HTTP server: `python -m moderate.serve`."""

import argparse

import uvicorn

from moderate.main import app

_TRY = """
Modest is listening on {base}

  NanoGPT's API, a flag for each of up to ten images:
    printf '{{"imageDataUrl": "data:image/png;base64,%s"}}' "$(base64 < {photo} | tr -d '\\n')" |
      curl {base}/api/nsfw/image -H 'Content-Type: application/json' -d @-

  oanor's API, safe or not against a threshold:
    curl --data-binary @{photo} '{base}/v1/check?threshold=0.6'

  oanor's API, all five classes and a verdict:
    curl -F image=@{photo} {base}/v1/classify

  documentation: {base}/docs
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="moderate.serve")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--photo", default="photo.jpg", help="the picture that the printed examples name")
    options = parser.parse_args()
    print(_TRY.format(base=f"http://{options.host}:{options.port}", photo=options.photo), flush=True)  # noqa: T201
    # uvicorn's access log would hold the URLs that clients send.
    uvicorn.run(app, host=options.host, port=options.port, access_log=False, log_level="warning", server_header=False)


if __name__ == "__main__":
    main()
