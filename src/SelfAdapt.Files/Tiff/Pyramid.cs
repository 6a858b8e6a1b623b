namespace SelfAdapt.Files.Tiff;

/// <summary>
/// The smaller copies of a page: its SubIFDs, as OME-TIFF has them; the pages behind it that are marked as reduced; of a
/// slide scanner's file the pages of the same proportions.
/// </summary>
internal static class Pyramid
{
    /// <summary>A page's smaller copies, the largest first.</summary>
    /// <param name="all">All pages of the file.</param>
    /// <param name="slide">Whether it is a slide scanner's file, whose pages are unmarked.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: a SubIFD lies outside the file.</exception>
    public static IReadOnlyList<TiffDirectory> Below(TiffDirectory page, IReadOnlyList<TiffDirectory> all, bool slide)
    {
        long[] below = page.Numbers(TiffTag.SubDirectories);
        if (below.Length > ImageLimits.Pages)
        {
            return [];
        }

        IEnumerable<TiffDirectory> copies = below.Length > 0 ? below.Select(page.At)
            : slide ? all
            : all.Skip(page.Number).TakeWhile(TiffPage.IsReduced);
        return [.. copies.Where(c => IsCopy(c, page)).OrderByDescending(c => c.NumberOr(TiffTag.ImageWidth, null))];
    }

    private static bool IsCopy(TiffDirectory copy, TiffDirectory page)
    {
        (long width, long height) = SizeOf(page);
        (long ownWidth, long ownHeight) = SizeOf(copy);

        // Sizes were rounded to whole pixels, up or down.
        return ownWidth > 0 && ownWidth < width
            && Int128.Abs(((Int128)ownWidth * height) - ((Int128)ownHeight * width)) <= Math.Max(width, height)
            && copy.Has(TiffTag.TileWidth) == page.Has(TiffTag.TileWidth);
    }

    private static (long Width, long Height) SizeOf(TiffDirectory page) =>
        (page.NumberOr(TiffTag.ImageWidth, 0), page.NumberOr(TiffTag.ImageLength, 0));
}
