using System.Globalization;
using System.Runtime.InteropServices;
using SelfAdapt.Files.Npy;
using SelfAdapt.Files.Png;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Files.Tiff.Planes;

namespace SelfAdapt.Files.Images;

/// <summary>An image with the name its results are filed under.</summary>
/// <param name="Name">
/// File name without extension; for one of several images of a file, "NAME_p0001" and so on.
/// </param>
/// <param name="Path">The file it came from.</param>
/// <param name="Image">The pixels.</param>
public sealed record NamedImage(string Name, string Path, Image Image)
{
    /// <summary>The value that the file calls "no data"; null if it names none.</summary>
    internal double? NoData { get; init; }

    /// <summary>What of the file was left out, is not as it says, or was filled; null for nothing.</summary>
    internal string? Note { get; init; }

    /// <summary>False if its file holds planes of several stacks.</summary>
    internal bool IsOfOneStack { get; init; } = true;

    /// <summary>How its file's images lie in depth and time; null where they are no such grid.</summary>
    internal StackShape? Shape { get; init; }
}

/// <summary>
/// Reads pictures: PNG, TIFF (also BigTIFF, ImageJ stacks and OME-TIFF) and NPY, recognised by content,
/// whatever the extension, and what <see cref="OtherPictures"/> reads. RGB gives three channels; alpha is dropped;
/// values stay as they were in the file.
/// </summary>
internal static class ImageFile
{
    private enum Format
    {
        Png,
        Tiff,
        Npy,
        Other,
    }

    /// <summary>What the names of files that are read end in.</summary>
    internal static IReadOnlyList<string> Extensions { get; } =
    [
        ".png", ".tif", ".tiff", ".btf", ".tf8", ".stk", ".lsm", ".ndpi", ".svs", ".npy", .. OtherPictures.Extensions,
    ];

    /// <summary>Reads a file that holds one image.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: absent, malformed, too large, of a kind that is not read, or several images in one
    /// file.
    /// </exception>
    public static Image Read(string path) => DecodeSingle(Load(path), labels: false).ToImage();

    /// <summary>Reads one image from a file's content.</summary>
    /// <param name="file">The content.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: as <see cref="Read"/>.</exception>
    public static Image Decode(byte[] file, string name) =>
        DecodeSingle(new FileBytes(name, file), labels: false).ToImage();

    /// <summary>
    /// Reads every image of a file. The channels of a position become one image's channels; each Z slice and
    /// each time point is an image of its own. TIFF pages that nothing in the file explains are channels if there are
    /// at
    /// most four grayscale pages that look alike, otherwise images.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <returns>
    /// The images in file order, "NAME" if there is one, else "NAME_p0001", "NAME_p0002" and so on.
    /// </returns>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: as <see cref="Read"/>, but several images are fine.
    /// </exception>
    /// <param name="withSet">
    /// Whether the files beside it that hold other planes of the same pictures are read, too.
    /// </param>
    /// <param name="level">0 for the full size, 1 for the largest of the smaller copies, and so on.</param>
    public static IReadOnlyList<NamedImage> ReadAll(string path, bool withSet = false, int level = 0)
    {
        string name = NameOf(path);
        IPictureReader? grid = NumberGrids.TryOpen(path, level);
        FileBytes file = grid is null ? Load(path) : FileBytes.Empty;
        using IPictureReader? reader = grid ?? TryOpenTiff(file, withSet, level);
        if (reader is null)
        {
            return [new(name, path, DecodeSingle(file, labels: false).ToImage())];
        }

        string? note = reader.Notes.Count > 0 ? string.Join("; ", reader.Notes) : null;
        List<NamedImage> images = [];
        for (int i = 0; i < reader.ImageCount; i++)
        {
            string own = reader.ImageCount == 1
                ? name
                : name + "_p" + (i + 1).ToString("D4", CultureInfo.InvariantCulture);
            images.Add(new(own, path, reader.Decode(i).ToImage())
            {
                NoData = reader.NoDataOf(i),
                Note = note,
                IsOfOneStack = reader.IsOneStack,
                Shape = reader.Shape,
            });
        }

        return images;
    }

    /// <summary>The name that a file's results go by.</summary>
    public static string NameOf(string path) => NumberGrids.NameOf(path) ?? Path.GetFileNameWithoutExtension(path);

    /// <summary>Opens a file whose image is read in rows.</summary>
    /// <returns>Null if it is of another kind, holds several images, or has one packed strip and can be read whole.</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: as <see cref="Read"/>.</exception>
    public static PictureRows? TryOpenRows(string path, int level = 0) =>
        TryOpen(path, level) is { } reader ? PictureRows.TryOf(path, reader) : null;

    /// <summary>Opens a file of images that are decoded where they are asked for; it stays on disk.</summary>
    /// <returns>Null for a file that is one picture.</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: as <see cref="Read"/>.</exception>
    public static IPictureReader? TryOpen(string path, int level = 0) =>
        NumberGrids.TryOpen(path, level) ?? TryOpenTiff(FileBytes.Open(path), withSet: false, level);

    private static TiffReader? TryOpenTiff(FileBytes file, bool withSet, int level)
    {
        try
        {
            if (file.Length >= 4 && TiffDirectory.Sniff(file.Slice(0, 4, "the header")))
            {
                return new TiffReader(file, set: withSet ? OmeSet.TryOpen(file.Name) : null, level: level);
            }

            if (level > 0)
            {
                throw PictureLevels.Missing(file.Name, level, 0);
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }

        // What lies in memory can still be read.
        file.Dispose();
        return null;
    }

    /// <summary>
    /// Writes an image (pixels, flows, cell probability) as 32-bit float TIFF, one page per channel.
    /// </summary>
    /// <param name="path">The file; replaced if it is there.</param>
    /// <param name="image">[channels, height, width].</param>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the file can't be written.</exception>
    public static void WriteTiff(string path, Image image)
    {
        ArgumentNullException.ThrowIfNull(image);

        // ImageJ's description makes ImageJ, tifffile and this reader take the pages as channels.
        string description = image.Channels == 1
            ? string.Empty
            : FormattableString.Invariant(
                $"ImageJ=1.11a\nimages={image.Channels}\nchannels={image.Channels}\nhyperstack=true\n");
        OutputFile.Write(path, TiffWriter.Encode(
            SampleKind.Float32, image.Channels, image.Height, image.Width,
            MemoryMarshal.AsBytes(image.Pixels.AsSpan()), description));
    }

    /// <summary>Decodes a file that holds one image.</summary>
    /// <param name="file">The file.</param>
    /// <param name="labels">
    /// Whether it is read as labels (a palette image's indices, not its colours).
    /// </param>
    /// <exception cref="SelfAdaptException">UnreadableInput: as <see cref="Read"/>.</exception>
    internal static Raster DecodeSingle(FileBytes file, bool labels)
    {
        switch (Sniff(file))
        {
            case Format.Png:
                return PngReader.Decode(file, asLabels: labels);
            case Format.Npy:
                return NpyFile.DecodePicture(file);
            case Format.Other:
                return DecodeOther(file, labels);
            default:
                TiffReader tiff = new(file, asLabels: labels);
                return tiff.ImageCount == 1
                    ? tiff.Decode(0)
                    : throw file.Unsupported(
                        $"it holds {tiff.ImageCount} images (pages, Z slices or time points) where "
                        + "one is needed; save the one that is meant in a file of its own");
        }
    }

    private static FileBytes Load(string path) => ForeignFormats.WhyNotRead(path) is { } reason
        ? throw new SelfAdaptException(ErrorKind.UnreadableInput, path, reason)
        : FileBytes.Load(path);

    private static Format Sniff(FileBytes file)
    {
        ReadOnlySpan<byte> content = file.All;
        if (content.StartsWith(PngReader.Signature))
        {
            return Format.Png;
        }

        if (TiffDirectory.Sniff(content))
        {
            return Format.Tiff;
        }

        return content.StartsWith(NpyHeader.Signature) ? Format.Npy : Format.Other;
    }

    private static Raster DecodeOther(FileBytes file, bool labels)
    {
        Raster raster = OtherPictures.TryDecode(file) ?? throw file.Unsupported(
            "it is neither a PNG, TIFF, NPY, JPEG, BMP, GIF, WebP, TGA nor PBM file, whatever its extension says");
        return labels
            ? throw file.Unsupported("labels are read from PNG, TIFF or NPY files; save the label image as one")
            : raster;
    }
}
