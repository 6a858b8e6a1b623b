namespace SelfAdapt.Files.Tiff;

/// <summary>
/// Slide scanners' files: the same slide in several sizes, unmarked, with pictures of label and glass.
/// </summary>
internal static class WholeSlide
{
    private const long LargestHamamatsu = uint.MaxValue;

    /// <param name="first">The first page.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: Hamamatsu's own way beyond 4 GB, which is not read.
    /// </exception>
    public static bool IsOne(FileBytes file, TiffDirectory first)
    {
        bool hamamatsu = first.Has(TiffTag.HamamatsuFormat);
        return hamamatsu && file.Length > LargestHamamatsu
            ? throw file.Unsupported(
                "it is an NDPI file of more than 4 GB, which isn't read; export the part that is meant as TIFF")
            : hamamatsu || first.Text(TiffTag.ImageDescription).StartsWith("Aperio", StringComparison.Ordinal);
    }
}
