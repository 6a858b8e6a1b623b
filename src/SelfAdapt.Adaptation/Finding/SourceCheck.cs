using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Adaptation.Finding;

/// <summary>What may be wrong before anything is learnt.</summary>
internal enum SourceFinding
{
    /// <summary>The source network finds no cell. Values: images checked.</summary>
    NoCells,

    /// <summary>It finds a handful. Values: cells, images checked.</summary>
    HardlyAnyCells,

    /// <summary>The cells are not of the size that was asked for. Values: diameter asked for, diameter found, px.</summary>
    OtherSize,

    /// <summary>The channel to segment holds one value alone. Values: channel (0: the mean of all), such images, images.</summary>
    EmptyChannel,

    /// <summary>The same of the helper channel. Values: as for the channel to segment.</summary>
    EmptyHelper,

    /// <summary>The folder holds several kinds of images. Values: how many images each has, largest first.</summary>
    SeveralKinds,
}

/// <summary>One finding with its numbers.</summary>
internal sealed record SourceNote(SourceFinding Finding, params IReadOnlyList<double> Values);

/// <summary>Looks at images and source network before anything is learnt: what would be seen too late from the result.</summary>
internal static class SourceCheck
{
    // With fewer, no signal says much.
    private const int FewCells = 20;

    // Cells that a network finds at their own size are at most a quarter off it, on the images of docs/results.md.
    private const double OtherSize = 1.35;

    /// <summary>Whether a run can't help: no cell to learn from, and a rule in force that watches cells.</summary>
    /// <param name="source">The source network's signals.</param>
    public static bool IsHopeless(LabelFreeSignals source, AdaptationOptions options) =>
        source.Cells == 0 && options.Stop != StopRule.None;

    /// <summary>What the source network's first evaluation says.</summary>
    /// <param name="looked">How many images it was measured on.</param>
    /// <param name="diameter">The size that objects were taken to have, px; 0: none was.</param>
    public static IEnumerable<SourceNote> OfSignals(LabelFreeSignals source, int looked, double diameter)
    {
        if (source.Cells == 0)
        {
            yield return new(SourceFinding.NoCells, looked);
        }
        else if (source.Cells < FewCells)
        {
            yield return new(SourceFinding.HardlyAnyCells, source.Cells, looked);
        }

        if (source.Cells >= FewCells && diameter > 0 && source.Diameter > 0
            && Math.Max(source.Diameter / diameter, diameter / source.Diameter) >= OtherSize)
        {
            yield return new(SourceFinding.OtherSize, diameter, source.Diameter);
        }
    }

    /// <summary>What the images themselves say.</summary>
    /// <param name="kinds">The kinds that they fall into; empty: not looked for.</param>
    /// <param name="inputChannels">Channels that the network takes.</param>
    public static IEnumerable<SourceNote> OfImages(
        IReadOnlyList<NamedImage> images, IReadOnlyList<ImageKind> kinds, ChannelPair channels, int inputChannels)
    {
        if (kinds.Count > 1)
        {
            yield return new(SourceFinding.SeveralKinds, [.. kinds.Select(k => (double)k.Members.Count)]);
        }

        if (inputChannels > 2)
        {
            yield break;
        }

        (int first, int second) = (0, 0);
        foreach (NamedImage image in images)
        {
            Image seen = ImagePreparation.SelectChannels(image.Image, channels, inputChannels, image.Name);
            first += IsEmpty(seen.Plane(0)) ? 1 : 0;
            second += HasHelper(image.Image) && IsEmpty(seen.Plane(1)) ? 1 : 0;
        }

        if (first > 0)
        {
            yield return new(SourceFinding.EmptyChannel, channels.First, first, images.Count);
        }

        if (second > 0)
        {
            yield return new(SourceFinding.EmptyHelper, channels.Second, second, images.Count);
        }

        bool HasHelper(Image image) =>
            inputChannels == 2 && image.Channels > 1 && channels.First > 0 && channels.Second > 0;
    }

    private static bool IsEmpty(ReadOnlySpan<float> plane) => !plane.ContainsAnyExcept(plane[0]);
}
