namespace SelfAdapt.Files;

/// <summary>
/// What a picture file may ask for; everything is checked against these before memory is taken.
/// </summary>
internal static class ImageLimits
{
    /// <summary>Bytes of the largest file that is read into memory.</summary>
    public const long FileBytes = 2_000_000_000;

    /// <summary>Samples (pixels x channels) of one page.</summary>
    public const long PageSamples = 1L << 28;

    /// <summary>Bytes of one page before conversion to float.</summary>
    public const long PageBytes = 1L << 30;

    /// <summary>Samples of one page, and of one file, that is read a few rows at a time.</summary>
    public const long StreamedSamples = 1L << 38;

    /// <summary>Samples of all pages of one file.</summary>
    public const long FileSamples = 1L << 30;

    /// <summary>Pages of one file.</summary>
    public const int Pages = 65_536;

    /// <summary>Output bytes per input byte that DEFLATE can reach at most.</summary>
    public const int DeflateRatio = 1032;

    /// <summary>
    /// Output bytes per input byte that TIFF's LZW (12-bit codes, 4,096 strings) stays below.
    /// </summary>
    public const int LzwRatio = 2800;

    /// <summary>Output bytes per input byte that PackBits can reach at most.</summary>
    public const int PackBitsRatio = 64;

    /// <summary>Output bytes per input byte that Zstandard can reach at most (a block of one repeated byte).</summary>
    public const int ZstandardRatio = 1 << 15;

    /// <summary>
    /// Values per input byte that JPEG and fax are read up to: both can declare more of one colour than they tell
    /// bits for.
    /// </summary>
    public const int PictureRatio = 2800;

    /// <summary>Pixels of a fax, whose rows may be blank, that are read however few bytes they have.</summary>
    public const int BlankFax = 9_000_000;

    /// <summary>
    /// Bytes of blocks that a file does not store and that are taken as zeros, beside what its length allows.
    /// </summary>
    public const int SparseBytes = 1 << 23;
}
