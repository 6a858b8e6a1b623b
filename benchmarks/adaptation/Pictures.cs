using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Reporting;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Study;

/// <summary>What a run did to the masks of some judged images.</summary>
internal static class Pictures
{
    private const int Images = 4;

    /// <summary>
    /// Per image two panels, as a PNG file: the source's masks beside the adapted network's, and the true ones beside the
    /// adapted network's (magenta: missed, green: not true).
    /// </summary>
    public static byte[] Draw(
        Network network, Target target, SegmentationOptions options, Backend backend, WeightSnapshot kept)
    {
        using NetworkWeights weights = new(network, backend);
        using EngineNetwork engine = new(weights, backend);
        Segmenter segmenter = new(engine, options);
        LabelImage[] before = [.. target.Judged.Take(Images).Select(j => segmenter.Segment(j.Image).Masks)];
        weights.Upload(kept.Parameters, kept.Statistics);
        List<BeforeAfterPanel> panels = [];
        for (int i = 0; i < before.Length; i++)
        {
            (Image image, LabelImage truth, _) = target.Judged[i];
            LabelImage after = segmenter.Segment(image).Masks;
            panels.Add(new(image, before[i], after));
            panels.Add(new(image, truth, after));
        }

        return BeforeAfterPicture.EncodePng(panels, target.Channels.First > 0 ? target.Channels.First - 1 : null);
    }
}
