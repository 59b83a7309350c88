import pytest

from moderate.images.limits import MAX_FRAMES, MAX_SIDE, AnimationCap, PixelCap, TooManyFrames, TooManyPixels

CAP = PixelCap("a test picture", 2.0)
OF_ALL_FRAMES = AnimationCap(1.5)


@pytest.mark.parametrize("size", [(1, 1), (1000, 2000), (2_000_000 // MAX_SIDE, MAX_SIDE)])
def test_a_picture_within_its_cap_passes(size: tuple[int, int]) -> None:
    CAP.check(size)


@pytest.mark.parametrize("size", [(1001, 2000), (1, MAX_SIDE + 1), (MAX_SIDE + 1, 1)])
def test_a_picture_beyond_its_cap_is_refused_with_the_figures(size: tuple[int, int]) -> None:
    with pytest.raises(
        TooManyPixels, match="a test picture may have at most 2 megapixels, and at most 65,535 pixels on a side"
    ):
        CAP.check(size)


def test_the_longest_side_is_the_longest_that_a_jpeg_or_gif_can_state() -> None:
    assert int.from_bytes(b"\xff\xff", "big") == MAX_SIDE


def test_an_animation_within_its_cap_passes() -> None:
    OF_ALL_FRAMES.check(MAX_FRAMES, 1_500_000)


@pytest.mark.parametrize(("frames", "pixels"), [(MAX_FRAMES + 1, 1), (1, 1_500_001)])
def test_an_animation_beyond_its_cap_is_refused_with_the_figures(frames: int, pixels: int) -> None:
    with pytest.raises(TooManyFrames, match=r"at most 2,000 frames and, .* at most 1\.5 megapixels over all frames"):
        OF_ALL_FRAMES.check(frames, pixels)


def test_the_images_of_a_call_share_the_time_that_one_animation_may_take() -> None:
    shared = AnimationCap(20.0, lost_per_megabyte=4).for_file(bytes(1_500_000), images=10)
    shared.check(2, 1_400_000)
    with pytest.raises(TooManyFrames, match=r"in a call of 10 images, at most 1\.4 megapixels .* or send it alone"):
        shared.check(2, 1_400_001)


def test_what_is_not_animated_shares_no_time() -> None:
    AnimationCap(20.0).for_file(b"", images=10).check(1, 20_000_000)


def test_each_megabyte_of_a_file_takes_from_its_caps() -> None:
    data = bytes(1_500_000)
    assert PixelCap("a test picture", 2.0, lost_per_megabyte=1).for_file(data).megapixels == 0.5
    assert AnimationCap(20.0, lost_per_megabyte=4).for_file(data).megapixels == 14
    assert AnimationCap(1.0, lost_per_megabyte=4).for_file(data).megapixels == 0
    assert CAP.for_file(data) == CAP
