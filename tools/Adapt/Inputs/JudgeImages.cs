using System.Runtime.InteropServices;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tool.Inputs;

/// <summary>Keeps images that a run is judged on out of what it learns from.</summary>
internal static class JudgeImages
{
    /// <summary>The images without those that are judged on, whatever they are called.</summary>
    /// <param name="judged">The images that are judged on.</param>
    /// <exception cref="SelfAdaptException">Usage: none is left.</exception>
    public static IReadOnlyList<NamedImage> KeepApart(
        IReadOnlyList<NamedImage> images, IReadOnlyList<LabelledImage> judged, Terminal terminal)
    {
        ILookup<int, Image> known = judged.ToLookup(j => Hash(j.Image), j => j.Image);
        NamedImage[] same = [.. images.Where(i => known[Hash(i.Image)].Any(j => IsSame(i.Image, j)))];
        if (same.Length == images.Count)
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption,
                "--judge holds every image of --images, so nothing is left to adapt to. Keep some images apart, or leave out "
                + "--judge: with --labels alone, AP is that of images that are adapted to.");
        }

        if (same.Length > 0)
        {
            terminal.Error.WriteLine(
                $"{same.Length} image{(same.Length == 1 ? "" : "s")} of --images {(same.Length == 1 ? "is" : "are")} in --judge "
                + $"too and not adapted to: {string.Join(", ", same.Take(3).Select(s => s.Name))}{(same.Length > 3 ? ", ..." : "")}");
        }

        return [.. images.Except(same)];
    }

    private static int Hash(Image image)
    {
        HashCode hash = default;
        hash.Add((image.Channels, image.Height, image.Width));
        hash.AddBytes(MemoryMarshal.AsBytes(image.Pixels.AsSpan()));
        return hash.ToHashCode();
    }

    private static bool IsSame(Image a, Image b) =>
        (a.Channels, a.Height, a.Width) == (b.Channels, b.Height, b.Width) && a.Pixels.AsSpan().SequenceEqual(b.Pixels);
}
