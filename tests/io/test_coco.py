"""COCO JSON has what pycocotools reads of it: whole ids that point at each other, areas, boxes."""

from __future__ import annotations

import json

from roadworthy.io.coco import CocoImage, coco

BOX = {"x": 3, "y": 4, "width": 10, "height": 5, "score": 0.75}


def test_every_box_points_at_its_image_and_its_category() -> None:
    truth = {key: value for key, value in BOX.items() if key != "score"}
    images = [
        CocoImage("images/1.png", "c1", "scan", 40, 30, [BOX, truth]),
        CocoImage("images/2.png", "c2", "scan", 40, 30, []),
        CocoImage("images/3.png", "c3", "scan", 20, 10, [BOX]),
    ]
    # through text, as others read it
    told = json.loads(json.dumps(coco(images, {"description": "marks"})))
    assert [one["id"] for one in told["images"]] == [1, 2, 3]
    assert [one["id"] for one in told["annotations"]] == [1, 2, 3]
    assert [one["image_id"] for one in told["annotations"]] == [1, 1, 3]
    assert {one["category_id"] for one in told["annotations"]} == {told["categories"][0]["id"]}
    assert (told["images"][2]["width"], told["images"][2]["height"]) == (10, 20)
    first, second, _ = told["annotations"]
    assert first["bbox"] == [3, 4, 10, 5]
    assert first["area"] == 50
    assert first["iscrowd"] == 0
    assert first["score"] == 0.75
    assert "score" not in second
    assert first["segmentation"] == [[3, 4, 13, 4, 13, 9, 3, 9]]
