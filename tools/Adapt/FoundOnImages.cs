using System.Globalization;
using SelfAdapt.Adaptation;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Tool;

/// <summary>What of the options is to be found on the images.</summary>
/// <param name="Size">The objects' diameter.</param>
/// <param name="Gamma">The power of intensities.</param>
internal readonly record struct FoundOnImages(bool Size, bool Gamma)
{
    public bool Any => Size || Gamma;

    public IEnumerable<string> Flags => [.. Size ? ["--diameter"] : (string[])[], .. Gamma ? ["--gamma"] : (string[])[]];

    /// <summary>
    /// The options with what the images show; as they are where no image fits the network, or the network is bound to no
    /// size.
    /// </summary>
    /// <exception cref="SelfAdaptException">As <see cref="Segmenter.Segment"/>.</exception>
    public SegmentationOptions Find(
        ISegmentationNetwork network, IReadOnlyList<NamedImage> images, SegmentationOptions options, Terminal terminal)
    {
        NamedImage[] fitting =
            [.. images.Where(i => ImagePreparation.HasChannels(i.Image, options.Channels, network.InputChannels))];
        if (fitting.Length > 0 && Size && options.Diameter > 0)
        {
            options = WithSize(network, fitting, options, terminal);
        }

        if (fitting.Length > 0 && Gamma)
        {
            options = options with { Gamma = GammaFinder.Find(network, options, fitting, terminal.Cancelled) };
            terminal.Error.WriteLine(options.Gamma == 1
                ? "Intensities as they are: with no other power do outlines lie clearly better on edges"
                : string.Create(CultureInfo.InvariantCulture, $"Intensities to the power {options.Gamma:0.##}: ")
                    + "outlines lie clearly better on edges so. Another program must do the same before it runs the model");
        }

        return options;
    }

    /// <inheritdoc cref="Find(ISegmentationNetwork, IReadOnlyList{NamedImage}, SegmentationOptions, Terminal)"/>
    public SegmentationOptions Find(
        Network network, Backend backend, IReadOnlyList<NamedImage> images, SegmentationOptions options, Terminal terminal)
    {
        using NetworkWeights weights = new(network, backend);
        using EngineNetwork source = new(weights, backend);
        return Find(source, images, options, terminal);
    }

    private static SegmentationOptions WithSize(
        ISegmentationNetwork network, NamedImage[] images, SegmentationOptions options, Terminal terminal)
    {
        ObjectSize? size = new SizeFinder(network, options).Find(images, terminal.Cancelled);
        terminal.Error.WriteLine(size is null
            ? "No object was found at any size: the model's own diameter is taken. Give --diameter if you know it."
            : string.Create(CultureInfo.InvariantCulture, $"Objects of about {size.Diameter:0.#} px; --diameter sets another size")
                + (size.Doubt is { } doubt ? $". Look at the masks: {doubt}" : ""));
        return size is null ? options : options with { Diameter = Math.Round(size.Diameter, 1) };
    }
}
