"""The built-in metrics."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl

LEADING = (
    ("mse255@1", "best_of_n:SquaredErrorOfOne", "squared error of one answer, RGB 0-255"),
    ("mse255", "best_of_n:BestSquaredError", "squared error of the best sample, RGB 0-255"),
    ("psnr", "full_reference:PSNR", "peak signal-to-noise ratio, 8-bit RGB"),
    ("ssim", "ssim:SSIM", "structural similarity"),
    ("ciede2000", "full_reference:CIEDE2000", "colour difference as seen"),
    ("colorfulness", "colorfulness:Colorfulness", "strength of colour; 1 is the truth's"),
)
"""What a report shows first, in this order."""
OTHERS = (
    ("min-l2@1", "auc:L2OfOne", "RMSE of one answer, RGB 0-1"),
    ("min-l2", "auc:MinL2", "RMSE of the best sample, RGB 0-1"),
    ("success@1", "auc:SuccessOfOne", "area under the success rates of one answer"),
    ("success", "auc:Success", "area under the success rates of the best sample"),
    ("eob", "best_of_n:BestOfNError", "mean |difference of ab| of the best sample, in 128ths"),
    ("deviation", "best_of_n:Deviation", "standard deviation across samples, RGB 0-255"),
    ("variance", "best_of_n:Variance", "variance across samples, ab in 128ths"),
    ("sample-ssim", "ssim:SampleSimilarity", "SSIM among the samples; 1 is all the same"),
    ("chroma-rmse", "full_reference:ChromaError", "distance of CIE ab"),
    ("luma", "full_reference:LumaError", "how far the drawing is changed"),
    ("featdist-lite0", "trunk_features:FeatureDistance", "distance in EfficientNet-Lite0's features"),
    ("kd-lite0", "trunk_features:KernelDistance", "kernel distance of the sets in the same features"),
    ("lpips", "perceptual:LPIPS", "distance in the features of a network; extra perceptual"),
    ("fid", "perceptual:FID", "distance of the sets in Inception's features; same extra"),
    ("auc", "auc:AuC", "pixels within t of the true ab, over t to 150"),
    ("auc-rebalanced", "auc:RebalancedAuC", "the same, every colour counting alike"),
    ("cf", "colorfulness:MeanColorfulness", "colourfulness (Hasler, Suesstrunk)"),
    ("cf-abs", "colorfulness:PublishedColorfulness", "colourfulness as papers print it"),
    ("delta-cf", "colorfulness:ColorfulnessGap", "gap of mean cf to the truth"),
    ("flicker", "agreement:Flicker", "change of colour between frames where nothing else changes"),
    ("consistency", "agreement:Consistency", "deviation over a chapter of what has one colour"),
    ("delta-cf-abs", "colorfulness:PublishedColorfulnessGap", "gap of mean cf-abs"),
)


@hookimpl
def register_metrics() -> list[Entry]:
    """Announce the metrics."""
    return [
        *(Entry(name, f"{__name__}.{kind}", what) for name, kind, what in (*LEADING, *OTHERS)),
        *(
            Entry(f"eob@{k}", f"{__name__}.best_of_n:ErrorOfBestOf{k}", f"eob of the best of {k}")
            for k in (1, 5, 8, 100)
        ),
    ]
