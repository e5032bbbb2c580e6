"""The built-in metrics."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl


@hookimpl
def register_metrics() -> list[Entry]:
    """Announce the metrics."""
    package = "colorzoo.plugins.metrics"
    return [
        Entry(
            "mse255", f"{package}.best_of_n:BestSquaredError", "squared error of the best sample, RGB 0-255"
        ),
        Entry("min-l2", f"{package}.auc:MinL2", "RMSE of the best sample, RGB 0-1"),
        Entry("success", f"{package}.auc:Success", "area under the success rates of the best sample"),
        Entry(
            "eob",
            f"{package}.best_of_n:BestOfNError",
            "mean |difference of ab| of the best sample, in 128ths",
        ),
        *(
            Entry(f"eob@{k}", f"{package}.best_of_n:ErrorOfBestOf{k}", f"the same, best of {k}")
            for k in (1, 5, 8, 100)
        ),
        Entry(
            "deviation", f"{package}.best_of_n:Deviation", "standard deviation across samples, RGB 0-255"
        ),
        Entry("variance", f"{package}.best_of_n:Variance", "variance across samples, ab in 128ths"),
        Entry(
            "sample-ssim", f"{package}.ssim:SampleSimilarity", "SSIM among the samples; 1 is all the same"
        ),
        Entry("psnr", f"{package}.full_reference:PSNR", "peak signal-to-noise ratio, 8-bit RGB"),
        Entry("ssim", f"{package}.ssim:SSIM", "structural similarity"),
        Entry("ciede2000", f"{package}.full_reference:CIEDE2000", "colour difference as seen"),
        Entry("chroma-rmse", f"{package}.full_reference:ChromaError", "distance of CIE ab"),
        Entry("luma", f"{package}.full_reference:LumaError", "how far the drawing is changed"),
        Entry(
            "lpips",
            f"{package}.perceptual:LPIPS",
            "distance in the features of a network; extra perceptual",
        ),
        Entry(
            "fid", f"{package}.perceptual:FID", "distance of the sets in Inception's features; same extra"
        ),
        Entry("auc", f"{package}.auc:AuC", "pixels within t of the true ab, over t to 150"),
        Entry("auc-rebalanced", f"{package}.auc:RebalancedAuC", "the same, every colour counting alike"),
        Entry("cf", f"{package}.colorfulness:MeanColorfulness", "colourfulness (Hasler, Suesstrunk)"),
        Entry(
            "cf-abs", f"{package}.colorfulness:PublishedColorfulness", "colourfulness as papers print it"
        ),
        Entry("delta-cf", f"{package}.colorfulness:ColorfulnessGap", "gap of mean cf to the truth"),
        Entry("delta-cf-abs", f"{package}.colorfulness:PublishedColorfulnessGap", "gap of mean cf-abs"),
        Entry(
            "colorfulness", f"{package}.colorfulness:Colorfulness", "strength of colour; 1 is the truth's"
        ),
    ]
