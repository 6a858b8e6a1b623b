using SelfAdapt.Files.Npy;
using SelfAdapt.Files.Png;
using SelfAdapt.Files.Tiff;

namespace SelfAdapt.Files.Images;

/// <summary>What a picture file holds.</summary>
/// <param name="Format">What it is.</param>
/// <param name="Sizes">Of each image.</param>
/// <param name="Kind">Number type of the first image's values.</param>
internal sealed record ImageFacts(
    string Format, IReadOnlyList<(int Channels, int Height, int Width)> Sizes, SampleKind Kind)
{
    /// <summary>How the planes of the file were understood.</summary>
    public string Planes { get; private init; } = "one image";

    /// <summary>How many smaller copies the file holds.</summary>
    public int Levels { get; private init; }

    /// <summary>What was left out or is not as the file says.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>The value that the first image's file calls "no data"; null if it names none.</summary>
    public double? NoData { get; private init; }

    /// <summary>Whether a file is a picture, by its name's ending or its beginning.</summary>
    public static bool IsImage(string path)
    {
        if (NumberGrids.IsOne(path)
            || ImageFile.Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase)
            || ForeignFormats.WhyNotRead(path) is not null)
        {
            return true;
        }

        if (!File.Exists(path))
        {
            return false;
        }

        using FileBytes file = FileBytes.Open(path);
        ReadOnlySpan<byte> start = file.Slice(0, Math.Min(file.Length, 8), "the header");
        return TiffDirectory.Sniff(start) || start.SequenceEqual(PngReader.Signature);
    }

    /// <summary>Reads what a file holds; of TIFF files no pixels.</summary>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: absent, malformed, or of a kind that is not read.
    /// </exception>
    public static ImageFacts Read(string path)
    {
        if (ForeignFormats.WhyNotRead(path) is { } reason)
        {
            throw new SelfAdaptException(ErrorKind.UnreadableInput, path, reason);
        }

        using (IPictureReader? reader = ImageFile.TryOpen(path))
        {
            if (reader is not null)
            {
                return new ImageFacts(
                    reader.Format, [.. Enumerable.Range(0, reader.ImageCount).Select(reader.SizeOf)], reader.KindOf(0))
                {
                    Planes = reader.Understood,
                    Levels = reader.Levels,
                    Notes = reader.Notes,
                    NoData = reader.NoDataOf(0),
                };
            }
        }

        FileBytes file = FileBytes.Load(path);
        Raster raster = ImageFile.DecodeSingle(file, labels: false);
        string format = file.All.StartsWith(PngReader.Signature) ? "PNG"
            : file.All.StartsWith(NpyHeader.Signature) ? "NPY"
            : Path.GetExtension(path).TrimStart('.').ToUpperInvariant();
        return new ImageFacts(format, [(raster.Channels, raster.Height, raster.Width)], raster.Samples.Kind);
    }
}
