using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation;

/// <summary>
/// A stack's cells from its planes: intensities are normalised over the whole stack, every plane is segmented, and cells
/// that overlap from plane to plane are joined (Cellpose's <c>stitch_threshold</c>).
/// </summary>
/// <param name="network">The network; stays the caller's to dispose.</param>
/// <param name="options">How planes are segmented; <see cref="SegmentationOptions.MinSize"/> counts through the stack.</param>
/// <param name="threshold">Least overlap (intersection over union) of cells that are joined, above 0.</param>
internal sealed class StackSegmenter(ISegmentationNetwork network, SegmentationOptions options, double threshold)
{
    /// <summary>Segments a stack.</summary>
    /// <param name="planes">Its planes in order, at least one, all of one size.</param>
    /// <param name="source">What error messages call the stack.</param>
    /// <returns>The planes' masks, cells numbered 1..n through the stack.</returns>
    /// <exception cref="SelfAdaptException">As <see cref="Segmenter.Segment"/>.</exception>
    public LabelImage[] Segment(IReadOnlyList<Image> planes, string source, CancellationToken cancelled)
    {
        int channels = network.InputChannels;
        Image[] selected =
            [.. planes.Select(p => ImagePreparation.SelectChannels(p, options.Channels, channels, source))];
        Normalize(selected);
        Segmenter segmenter = new(network, options.OfPrepared(channels) with { MinSize = -1 });
        List<LabelImage> masks = [];
        foreach (Image plane in selected)
        {
            cancelled.ThrowIfCancellationRequested();
            masks.Add(segmenter.Segment(plane, source).Masks);
        }

        return PlaneStitching.Stitch(masks, threshold, options.MinSize);
    }

    private void Normalize(Image[] planes)
    {
        for (int c = 0; c < planes[0].Channels; c++)
        {
            IntensityCollector collector = new(
                options.Normalization, options.Invert, planes.Length, planes[0].Height, planes[0].Width);
            for (int pass = 0; pass < IntensityCollector.Passes(options.Normalization); pass++)
            {
                Array.ForEach(planes, plane => collector.Add(plane.Plane(c), pass));
            }

            ChannelScale scale = collector.Finish();
            Array.ForEach(planes, plane => scale.Apply(plane.Plane(c)));
        }
    }
}
