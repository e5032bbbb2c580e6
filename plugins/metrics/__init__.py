"""The built-in metrics."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl


@hookimpl
def register_metrics() -> list[Entry]:
    """Announce the metrics."""
    here = "colorzoo.plugins.metrics"
    return [
        Entry("mse255", f"{here}.error:BestSquaredError", "squared error of the best sample, RGB 0-255"),
        Entry("min-l2", f"{here}.curves:MinL2", "RMSE of the best sample, RGB 0-1"),
        Entry("success", f"{here}.curves:Success", "area under the success rates of the best sample"),
        Entry("eob", f"{here}.error:BestOfNError", "mean |difference of ab| of the best sample, in 128ths"),
        *(
            Entry(f"eob@{k}", f"{here}.error:ErrorOfBestOf{k}", f"the same, best of {k}")
            for k in (1, 5, 8, 100)
        ),
        Entry("deviation", f"{here}.error:Deviation", "standard deviation across samples, RGB 0-255"),
        Entry("variance", f"{here}.error:Variance", "variance across samples, ab in 128ths"),
        Entry(
            "sample-ssim", f"{here}.structure:SampleSimilarity", "SSIM among the samples; 1 is all the same"
        ),
        Entry("psnr", f"{here}.difference:PSNR", "peak signal-to-noise ratio, 8-bit RGB"),
        Entry("ssim", f"{here}.structure:SSIM", "structural similarity"),
        Entry("ciede2000", f"{here}.difference:CIEDE2000", "colour difference as seen"),
        Entry("chroma-rmse", f"{here}.difference:ChromaError", "distance of CIE ab"),
        Entry("luma", f"{here}.difference:LumaError", "how far the drawing is changed"),
        Entry("lpips", f"{here}.learned:LPIPS", "distance in the features of a network; extra perceptual"),
        Entry("fid", f"{here}.learned:FID", "distance of the sets in Inception's features; same extra"),
        Entry("auc", f"{here}.curves:AuC", "pixels within t of the true ab, over t to 150"),
        Entry("auc-rebalanced", f"{here}.curves:RebalancedAuC", "the same, every colour counting alike"),
        Entry("cf", f"{here}.colorfulness:MeanColorfulness", "colourfulness (Hasler, Suesstrunk)"),
        Entry("cf-abs", f"{here}.colorfulness:PublishedColorfulness", "colourfulness as papers print it"),
        Entry("delta-cf", f"{here}.colorfulness:ColorfulnessGap", "gap of mean cf to the truth"),
        Entry("delta-cf-abs", f"{here}.colorfulness:PublishedColorfulnessGap", "gap of mean cf-abs"),
        Entry("colorfulness", f"{here}.colorfulness:Colorfulness", "strength of colour; 1 is the truth's"),
    ]
