"""The API over HTTP: what comes back is what the command line makes, and nonsense is told so."""

import base64
import io
import json
import zipfile

import numpy as np
import pytest
import requests
from PIL import Image

HINT = "50%,40%=#c03020"


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), int)


def sent(path):
    return {"picture": (path.name, path.read_bytes())}


def chroma(rgb):
    return rgb - rgb.mean(-1, keepdims=True)


def test_a_picture_comes_back_as_the_command_line_makes_it(server, photo, cli, tmp_path):
    cli(
        "run", "unet", photo, "--hint", HINT, "--strength", "1.2", "--seed", "5", "-o", tmp_path / "out.png"
    )
    answer = server.post(
        "v1/colorize", files=sent(photo), headers={"Accept": "image/png"},
        data={"model": "unet", "hint": HINT, "strength": "1.2", "seed": "5"},
    )  # fmt: skip
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.content == (tmp_path / "out.png").read_bytes()
    assert answer.headers["colorzoo-seed"] == "5"


def test_samples_of_a_job_are_those_of_the_command_line(server, photo, cli, tmp_path):
    cli("run", "vae-mdn", photo, "--samples", "3", "--seed", "7", "-o", tmp_path / "out", "--no-sheet")
    job = server.job(photo, model="vae-mdn", samples=3, seed=7)
    (page,) = job["pictures"]
    assert (job["status"], len(page["files"])) == ("done", 3)
    assert page["record"]["options"]["seed"] == 7
    for number, file in enumerate(page["files"], start=1):
        made = (tmp_path / "out" / f"photo-vae-mdn-{number}.png").read_bytes()
        assert server.get(file).content == made


def test_guiding_runs_on_what_was_predicted(server, photo):
    job = server.job(photo, model="unet")
    body = {"job": job["id"], "guidance": {"hints": [{"x": "30%", "y": "30%", "color": "#20c040"}]}}
    plain, hinted = server.get(job["pictures"][0]["files"][0]), server.post("v1/guide", json=body)
    at = (round(0.3 * 79), round(0.3 * 95))
    before, after = (chroma(pixels(answer.content))[at] for answer in (plain, hinted))
    assert after[1] > 15 > before[1]
    small = server.post("v1/guide", json={**body, "side": 32, "format": "png"})
    assert pixels(small.content).shape == (27, 32, 3)
    record = server.post("v1/guide", json=body, headers={"Accept": "application/json"}).json()
    assert record["guidance"]["hints"] == [{"x": "30%", "y": "30%", "color": "#20c040"}]


def test_a_book_is_several_pictures_whose_colours_agree(server, photo):
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as archive:
        archive.write(photo, "b/2.png")
        archive.write(photo, "b/1.png")
        archive.writestr("b/notes.txt", "no picture")
    files = {"picture": ("my book.cbz", book.getvalue())}
    wanted = {"model": "unet", "consistent": "true", "recolor": "true"}  # the photo has colour
    job = server.post("v1/colorize", files=files, data=wanted).json()
    job = server.events(job["id"])[-1]
    assert [page["name"] for page in job["pictures"]] == ["1.png", "2.png"]
    one, other = (server.get(page["files"][0]).content for page in job["pictures"])
    assert pixels(one).shape == (80, 96, 3)
    assert one == other
    items = [{"job": job["id"], "picture": 0}, {"job": job["id"], "picture": 1, "format": "jpg"}]
    exported = zipfile.ZipFile(io.BytesIO(server.post("v1/export", json={"items": items}).content))
    assert exported.namelist() == ["1-unet-1.png", "2-unet-1.jpg", "records.jsonl"]
    assert exported.read("1-unet-1.png") == one
    assert json.loads(exported.read("records.jsonl").splitlines()[0])["model"] == "unet"


def test_references_come_with_the_form_or_by_id(server, photo, tmp_path):
    Image.new("RGB", (64, 64), (200, 40, 30)).save(tmp_path / "red.png")
    (red,) = server.post("v1/pictures", files=sent(tmp_path / "red.png")).json()
    files = [
        ("picture", (photo.name, photo.read_bytes())),
        ("reference", ("red.png", (tmp_path / "red.png").read_bytes())),
    ]
    job = server.post("v1/colorize", files=files, data={"model": "unet"}).json()
    job = server.events(job["id"])[-1]
    by_form = server.get(job["pictures"][0]["files"][0]).content
    body = {"job": job["id"], "guidance": {"references": [{"id": red["id"]}]}}
    assert server.post("v1/guide", json=body).content == by_form


def test_json_takes_pictures_in_base64(server, photo):
    data = base64.b64encode(photo.read_bytes()).decode()
    answer = server.post("v1/colorize", json={"pictures": [{"data": data, "name": "../../x.png"}]})
    job = server.events(answer.json()["id"])[-1]
    assert job["pictures"][0]["name"] == "x.png"
    assert job["model"] in {"cgan", "unet", "vae-mdn"}  # what suits it


def test_a_job_can_be_ended_and_is_not_known_by_other_names(server, photo):
    files = [("picture", (photo.name, photo.read_bytes())) for _ in range(6)]
    job = server.post("v1/colorize", files=files, data={"model": "vae-mdn", "samples": 16}).json()
    ended = requests.delete(f"{server.url}/v1/jobs/{job['id']}", timeout=30).json()
    assert ended["status"] == "cancelled"
    assert server.events(job["id"])[-1]["status"] == "cancelled"
    assert server.get("v1/jobs/nothing").status_code == 422


BOMB = io.BytesIO()
Image.new("1", (20_000, 20_000)).save(BOMB, "PNG")
GARBAGE = {
    "no picture": {"files": {"picture": b"hello"}},
    "empty": {"files": {"picture": ("a.png", b"")}},
    "cut": {"files": {"picture": ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(40))}},
    "a bomb": {"files": {"picture": BOMB.getvalue()}},
    "a damaged archive": {"files": {"picture": ("a.cbz", b"PK\x03\x04" + bytes(99))}},
    "a text for a file": {"files": {"other": b""}, "data": {"picture": "text"}},
    "nothing": {},
    "no json": {"data": "{", "headers": {"content-type": "application/json"}},
    "deep json": {"data": "[" * 90_000, "headers": {"content-type": "application/json"}},
    "a path": {"json": {"pictures": [{"id": "../../etc/passwd"}]}},
    "bad base64": {"json": {"pictures": [{"data": "a"}]}},
    "too much": {"data": bytes(4_100_000)},
    "a broken form": {"data": b"--x", "headers": {"content-type": "multipart/form-data; boundary=y"}},
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_a_problem_of_the_client(server, name):
    answer = server.post("v1/colorize", **GARBAGE[name])
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert not {"Traceback", "/tmp", str(server.folder)} & set(answer.text.split())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"model": "nobody"}, "no colorizer named 'nobody'"),
        ({"model": "unet", "weights": "/etc"}, "no weights of unet"),
        ({"model": "unet", "weights": "somebody/weights"}, "no weights of unet"),
        ({"model": "unet:default", "weights": "default"}, "twice"),
        ({"model": "unet", "samples": "17"}, "at most 16"),
        ({"model": "unet", "samples": "many"}, "samples"),
        ({"model": "unet", "colour": "red"}, "colour"),
        ({"model": "unet", "hint": "here=red"}, "hint"),
        ({"model": "unet", "request": "[]"}, "request"),
    ],
)
def test_wrong_words_are_told(server, photo, fields, said):
    answer = server.post("v1/colorize", files=sent(photo), data=fields)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_what_cannot_be_rendered_is_a_problem_too(server, photo):
    job = server.job(photo, model="unet")
    outside = {"hints": [{"x": 5000, "y": 1, "color": "#fff"}]}
    for wrong, said in [
        ({"guidance": outside}, "outside"),
        ({"sample": 3}, "sample"),
        ({"picture": 3}, "picture"),
    ]:
        answer = server.post("v1/guide", json={"job": job["id"], **wrong})
        assert (answer.status_code, said in answer.json()["detail"]) == (422, True)


def test_models_bring_their_forms_and_cards(server):
    body = server.get("v1/models").json()
    models = {model["name"]: model for model in body["models"]}
    assert models["vae-mdn"]["options"]["properties"]["temperature"]["maximum"] == 2
    assert body["suited"]["face"].startswith("vae-mdn")
    weights = models["vae-mdn"]["weights"][0]
    assert weights["license"]
    assert server.get(weights["card"]).text.startswith("---")
    assert server.get("v1/models/vae-mdn/weights/..%2f..%2fsecret/card").status_code in (404, 422)
    assert b"colorzoo_requests_total" in server.get("metrics").content


def test_a_file_of_the_page_is_sent_once(server):
    first = server.get("static/main.js")
    again = server.get("static/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert "text/javascript" in first.headers["content-type"]


def test_the_description_of_the_api_names_every_body(server):
    schemas = server.get("openapi.json").json()["components"]["schemas"]
    assert {"ColorizeBody", "GuidanceBody", "GuideBody", "JobBody", "ModelsBody"} <= schemas.keys()
    assert "hints" in schemas["GuidanceBody"]["properties"]


def test_a_readers_extension_gets_what_it_expects(server, photo):
    data = base64.b64encode(photo.read_bytes()).decode()
    body = {"imgName": "001.png", "imgWidth": 96, "imgHeight": 80, "cache": False, "denoise": True,
            "colorize": True, "upscale": True, "denoiseSigma": 25, "upscaleFactor": 4, "mangaTitle": "",
            "mangaChapter": "", "imgData": f"data:image/png;base64,{data}"}  # fmt: skip
    colored = server.post("colorize-image-data", json=body).json()["colorImgData"]
    assert pixels(base64.b64decode(colored.removeprefix("data:image/png;base64,"))).shape == (80, 96, 3)
    refused = server.post("colorize-image-data", json={"imgName": "x", "imgURL": "http://127.0.0.1:22/"})
    assert refused.status_code == 422
