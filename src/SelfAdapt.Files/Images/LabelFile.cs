using System.Runtime.InteropServices;
using SelfAdapt.Files.Tiff;
using SixLabors.ImageSharp.PixelFormats;

namespace SelfAdapt.Files.Images;

/// <summary>
/// Reads and writes label images: one channel, 0 for background, one whole number per cell.
/// </summary>
public static class LabelFile
{
    /// <summary>Reads labels from PNG, TIFF or NPY, recognised by content.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: not readable as an image, several channels or pages, or values that are no labels.
    /// </exception>
    public static LabelImage Read(string path)
    {
        FileBytes file = FileBytes.Load(path);
        return ImageFile.DecodeSingle(file, labels: true).ToLabels(file);
    }

    /// <summary>
    /// Writes labels as 16-bit gray PNG, the form Cellpose writes (docs/cellpose.md 7).
    /// </summary>
    /// <param name="path">The file; replaced if it is there.</param>
    /// <param name="image">The labels.</param>
    /// <exception cref="SelfAdaptException">
    /// OutputNotWritable: a label is above 65,535 or negative, or the file can't be written.
    /// </exception>
    public static void WritePng(string path, LabelImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (Highest(path, image) > ushort.MaxValue)
        {
            throw new SelfAdaptException(
                ErrorKind.OutputNotWritable, path,
                $"a PNG holds labels up to 65,535, but there is the label {image.Labels.Max():N0}. "
                + "Write them as TIFF instead.");
        }

        OutputFile.Write(path, PngPicture.Encode<L16>(
            image.Height, image.Width, MemoryMarshal.Cast<ushort, L16>(ToUInt16(image.Labels))));
    }

    /// <summary>
    /// Writes labels as Deflate-compressed TIFF, 16 bits, or signed 32 bits when a label is above 65,535.
    /// </summary>
    /// <param name="path">The file; replaced if it is there.</param>
    /// <param name="image">The labels.</param>
    /// <exception cref="SelfAdaptException">
    /// OutputNotWritable: a label is negative, or the file can't be written.
    /// </exception>
    public static void WriteTiff(string path, LabelImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        WriteTiff(path, [image]);
    }

    /// <summary>The same for the planes of a stack, each a page, described as ImageJ does.</summary>
    /// <param name="planes">At least one, all of one size.</param>
    /// <exception cref="SelfAdaptException">
    /// OutputNotWritable: a label is negative, all of them take more than 2 GB, or the file can't be written.
    /// </exception>
    internal static void WriteTiff(string path, IReadOnlyList<LabelImage> planes)
    {
        bool wide = planes.Max(p => Highest(path, p)) > ushort.MaxValue;
        SampleKind kind = wide ? SampleKind.Int32 : SampleKind.UInt16;
        (int height, int width) = (planes[0].Height, planes[0].Width);
        if ((long)planes.Count * height * width * kind.Size() > Array.MaxLength)
        {
            throw new SelfAdaptException(
                ErrorKind.OutputNotWritable, path, "the labels take more than 2 GB; split the stack.");
        }

        string description = planes.Count == 1 ? "" : FormattableString.Invariant(
            $"ImageJ=1.11a\nimages={planes.Count}\nslices={planes.Count}\nhyperstack=true\n");
        byte[] values = [.. planes.SelectMany(p => wide
            ? MemoryMarshal.AsBytes(p.Labels.AsSpan()).ToArray()
            : MemoryMarshal.AsBytes(ToUInt16(p.Labels).AsSpan()).ToArray())];
        OutputFile.Write(path, TiffWriter.Encode(kind, planes.Count, height, width, values, description));
    }

    private static int Highest(string path, LabelImage image)
    {
        (int lowest, int highest) = (image.Labels.Min(), image.Labels.Max());
        return lowest >= 0
            ? highest
            : throw new SelfAdaptException(
                ErrorKind.OutputNotWritable, path, $"the label {lowest} is negative; labels begin at 0.");
    }

    private static ushort[] ToUInt16(int[] labels) => Array.ConvertAll(labels, label => (ushort)label);
}
