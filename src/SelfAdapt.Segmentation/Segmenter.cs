using System.Globalization;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Preparation;
using SelfAdapt.Segmentation.Tiling;

namespace SelfAdapt.Segmentation;

/// <summary>What segmenting one image gives.</summary>
/// <param name="Masks">The cells, labels 1..n, at the size of the image.</param>
/// <param name="Outputs">
/// The network's output planes, at the size of the image (at network scale when
/// <see cref="SegmentationOptions.Resample"/> is off); flow vectors keep their length.
/// </param>
/// <param name="Embedding">The image's embedding (Cellpose's style) with length 1; empty if there is
/// none.</param>
public sealed record SegmentationResult(LabelImage Masks, Image Outputs, float[] Embedding);

/// <summary>Cellpose's pipeline around any network: image in, masks out (docs/cellpose.md).</summary>
public sealed class Segmenter
{
    private readonly ISegmentationNetwork _network;
    private readonly SegmentationOptions _options;

    /// <summary>Couples a network with options.</summary>
    /// <param name="network">The network; stays the caller's to dispose.</param>
    /// <param name="options">How to segment.</param>
    /// <exception cref="SelfAdaptException">(<see cref="ErrorKind.InvalidOption"/>) an option is out of
    /// range.</exception>
    public Segmenter(ISegmentationNetwork network, SegmentationOptions options)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_network, _options) = (network, options);
    }

    /// <summary>Segments one image.</summary>
    /// <param name="image">The image as read, any number of channels.</param>
    /// <param name="source">What error messages call the image, for example its file name.</param>
    /// <returns>Masks, outputs and embedding.</returns>
    /// <exception cref="SelfAdaptException">
    /// As <see cref="ImagePreparation.Prepare"/>; or (<see cref="ErrorKind.Numerics"/>) the network gave a
    /// value that is not a number.
    /// </exception>
    public SegmentationResult Segment(Image image, string source = "the image")
    {
        (Image raw, float[] embedding) = Run(image, source);
        Image outputs = Enlarged(raw, image);
        LabelImage masks = FlowMasks.Compute(
            FlowMasks.AtNetworkScale(_network.Outputs) ? raw : outputs, _network.Outputs, _options, image.Height, image.Width);
        return new(masks, outputs, embedding);
    }

    /// <summary>Runs the network on one image without building masks.</summary>
    /// <param name="image">The image as read, any number of channels.</param>
    /// <param name="source">What error messages call the image.</param>
    /// <returns>Outputs and embedding as in <see cref="SegmentationResult"/>.</returns>
    /// <exception cref="SelfAdaptException">As <see cref="Segment"/>.</exception>
    public (Image Outputs, float[] Embedding) Predict(Image image, string source = "the image")
    {
        (Image outputs, float[] embedding) = Run(image, source);
        return (Enlarged(outputs, image), embedding);
    }

    /// <summary>The outputs at the network's scale.</summary>
    private (Image Outputs, float[] Embedding) Run(Image image, string source)
    {
        ArgumentNullException.ThrowIfNull(image);
        Image prepared = ImagePreparation.Prepare(image, _options, _network.InputChannels, source);
        (Image outputs, float[] embedding) = TiledInference.Run(_network, prepared, _options);
        RequireNumbers(outputs, source);
        return (outputs, embedding);
    }

    private Image Enlarged(Image outputs, Image image) =>
        _options.Resample && (outputs.Height != image.Height || outputs.Width != image.Width)
            ? ImagePreparation.Resize(outputs, image.Height, image.Width, _options.Threads)
            : outputs;

    /// <summary>Refuses outputs that are no numbers.</summary>
    internal static void RequireNumbers(Image outputs, string source)
    {
        int bad = Array.FindIndex(outputs.Pixels, value => !float.IsFinite(value));
        if (bad >= 0)
        {
            int channel = bad / (outputs.Height * outputs.Width);
            throw new SelfAdaptException(ErrorKind.Numerics, source, string.Create(CultureInfo.InvariantCulture,
                $"the network's output channel {channel} holds {outputs.Pixels[bad]}. The model's "
                + $"weights are damaged, or do not fit the way this image is normalised."));
        }
    }
}
