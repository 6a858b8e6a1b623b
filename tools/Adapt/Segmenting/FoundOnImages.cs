using System.Globalization;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Preparation;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tool.Segmenting;

/// <summary>What of the options is to be found on the images.</summary>
/// <param name="Size">The objects' diameter.</param>
/// <param name="Gamma">The power of intensities.</param>
/// <param name="Invert">Whether objects are dark where the network knows bright ones.</param>
internal readonly record struct FoundOnImages(bool Size, bool Gamma, bool Invert)
{
    public bool Any => Size || Gamma || Invert;

    /// <summary>The options that tell what was found.</summary>
    public IEnumerable<string> Flags =>
        [.. Size ? ["--diameter"] : (string[])[], .. Gamma ? ["--gamma"] : (string[])[], .. Invert ? ["--invert", "--no-invert"] : (string[])[]];

    /// <summary>
    /// The options with what the images show; as they are where no image fits the network. The size of objects is found for
    /// networks that are bound to one; inversion for those of cells, which others train on bright ones: what tells but foreground or
    /// classes sees images as they are, as it was trained on them.
    /// </summary>
    /// <exception cref="SelfAdaptException">As <see cref="Segmenter.Segment"/>.</exception>
    public SegmentationOptions Find(
        ISegmentationNetwork network, IReadOnlyList<NamedImage> images, SegmentationOptions options, Terminal terminal)
    {
        NamedImage[] fitting =
            [.. images.Where(i => ImagePreparation.HasChannels(i.Image, options.Channels, network.InputChannels))];
        if (fitting.Length == 0)
        {
            return options;
        }

        bool sized = Size && options.Diameter > 0;
        ObjectSize? size = sized ? SizeOf(options) : null;
        if (Invert && (network.Outputs.HasFlow || network.Outputs.HasRays) && options.Normalization != IntensityNormalization.None && InversionFinder.IsWorthAsking(fitting))
        {
            SegmentationOptions inverted = options with { Invert = true };
            ObjectSize? other = sized ? SizeOf(inverted) : null;
            bool likely = !sized || other?.Score > (size?.Score ?? 0);
            if (likely && InversionFinder.Find(network, With(options, other), fitting, terminal.Cancelled))
            {
                (options, size) = (inverted, other);
                terminal.Error.WriteLine(
                    "Dark objects on a bright ground: images are inverted; --no-invert leaves them as they are");
            }
        }

        options = With(options, size);
        if (sized)
        {
            Say(size, terminal);
        }

        if (Gamma)
        {
            options = options with { Gamma = GammaFinder.Find(network, options, fitting, terminal.Cancelled) };
            terminal.Error.WriteLine(options.Gamma == network.Gamma
                ? "Intensities as they are: with no other power do outlines lie clearly better on edges"
                : string.Create(CultureInfo.InvariantCulture, $"Intensities to the power {options.Gamma:0.##}: ")
                    + "outlines lie clearly better on edges so");
        }

        return options;

        ObjectSize? SizeOf(SegmentationOptions asked) => new SizeFinder(network, asked).Find(fitting, terminal.Cancelled);
    }

    /// <inheritdoc cref="Find(ISegmentationNetwork, IReadOnlyList{NamedImage}, SegmentationOptions, Terminal)"/>
    public SegmentationOptions Find(
        Network network, Backend backend, IReadOnlyList<NamedImage> images, SegmentationOptions options, Terminal terminal)
    {
        using NetworkWeights weights = new(network, backend);
        using EngineNetwork source = new(weights, backend);
        return Find(source, images, options, terminal);
    }

    private static SegmentationOptions With(SegmentationOptions options, ObjectSize? size) =>
        size is null ? options : options with { Diameter = Math.Round(size.Diameter, 1) };

    private static void Say(ObjectSize? size, Terminal terminal) => terminal.Error.WriteLine(size is null
        ? "No object was found at any size: the model's own diameter is taken. Give --diameter if you know it."
        : string.Create(CultureInfo.InvariantCulture, $"Objects of about {size.Diameter:0.#} px; --diameter sets another size")
            + (size.Doubt is { } doubt ? $". Look at the masks: {doubt}" : ""));
}
