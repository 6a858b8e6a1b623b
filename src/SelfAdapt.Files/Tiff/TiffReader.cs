using System;
using System.Collections.Generic;
using System.Linq;

namespace SelfAdapt.Files.Tiff;

/// <summary>
/// Decodes TIFF files to images: the pages of one position (channels) become the channels of one image; Z
/// slices, time points and pages that nothing describes become images of their own.
/// </summary>
internal sealed class TiffReader
{
    /// <summary>Pages without any description are the channels of one image up to this many.</summary>
    public const int MaximumUndescribedChannels = 4;

    private readonly FileBytes _file;
    private readonly List<TiffPage> _pages;
    private readonly bool _following;
    private readonly List<long[]> _images = [];

    /// <summary>Reads the layout of a file; no pixels yet.</summary>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: the file breaks the TIFF rules or is too large.
    /// </exception>
    public TiffReader(FileBytes file)
    {
        _file = file;
        List<TiffDirectory> directories = TiffDirectory.ReadAll(file);
        List<TiffPage> pages = [.. directories.Select(d => new TiffPage(file, d))];
        _pages = [.. pages.Where(p => !p.IsReducedCopy)];
        if (_pages.Count == 0)
        {
            _pages = pages;
        }

        string description = directories[0].Text(TiffTag.ImageDescription);
        TiffAxes? imageJ = TiffAxes.FromImageJ(description);
        _following = imageJ is not null && _pages.Count == 1 && imageJ.Planes > 1
            && _pages[0].ContiguousOffset >= 0;
        long planes = _following ? imageJ!.Planes : _pages.Count;
        long samples = _pages.Sum(p => (long)p.Width * p.Height * p.Channels);
        long most = file.IsStreamed ? ImageLimits.StreamedSamples : ImageLimits.FileSamples;
        if (planes > ImageLimits.Pages || (_following ? samples * planes : samples) > most)
        {
            throw file.Unsupported(
                $"its {planes:N0} planes hold more than the {most:N0} values "
                + $"or {ImageLimits.Pages:N0} pages that are read; split it into smaller files");
        }

        Arrange(imageJ is null ? TiffAxes.FromOme(description) : [imageJ], planes);
    }

    /// <summary>How many images the file holds.</summary>
    public int ImageCount => _images.Count;

    /// <summary>The size of an image.</summary>
    /// <param name="index">0-based image.</param>
    public (int Channels, int Height, int Width) SizeOf(int index) =>
        (_images[index].Sum(plane => PageOf(plane).Channels), FirstPage(index).Height, FirstPage(index).Width);

    /// <summary>Rows of an image that are decoded together.</summary>
    /// <param name="index">0-based image.</param>
    public int RowsPerBlock(int index) => FirstPage(index).RowsPerBlock;

    /// <summary>The value that stands for "no data" in an image, as GDAL's tag says; null if none does.</summary>
    /// <param name="index">0-based image.</param>
    public double? NoDataOf(int index) => FirstPage(index).NoData;

    /// <summary>Decodes one image.</summary>
    /// <param name="index">0-based image.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: its data are damaged.</exception>
    public Raster Decode(int index) => Decode(index, 0, FirstPage(index).Height);

    /// <summary>Decodes rows of one image.</summary>
    /// <param name="index">0-based image.</param>
    /// <param name="firstRow">0-based first row.</param>
    /// <param name="rowCount">How many, at least 1.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: its data are damaged.</exception>
    public Raster Decode(int index, int firstRow, int rowCount)
    {
        List<Raster> planes = [];
        foreach (long plane in _images[index])
        {
            planes.Add(_following
                ? _pages[0].DecodeFollowing(plane, firstRow, rowCount)
                : PageOf(plane).Decode(firstRow, rowCount));
        }

        if (planes.Count == 1)
        {
            return planes[0];
        }

        if (planes.Sum(p => p.Samples.Bytes.LongLength) > ImageLimits.PageBytes)
        {
            throw _file.Unsupported(
                $"image {index + 1} has {planes.Count} channels of more than the {ImageLimits.PageBytes:N0} bytes that "
                + "are read at once; crop it into smaller images");
        }

        Raster merged = new(
            planes.Sum(p => p.Channels), planes[0].Height, planes[0].Width, planes[0].Samples.Kind);
        int at = 0;
        foreach (Raster plane in planes)
        {
            if (plane.Samples.Kind != merged.Samples.Kind)
            {
                throw _file.Unsupported("its channels have different number types, which isn't read");
            }

            plane.Samples.Bytes.CopyTo(merged.Samples.Bytes, at);
            at += plane.Samples.Bytes.Length;
        }

        return merged;
    }

    private TiffPage PageOf(long plane) => _pages[_following ? 0 : (int)plane];

    private TiffPage FirstPage(int index) => PageOf(_images[index][0]);

    private void Arrange(List<TiffAxes>? described, long planes)
    {
        Int128 total = 0;
        foreach (TiffAxes series in described ?? [])
        {
            total += series.Planes;
        }

        if (described is null || total != planes)
        {
            bool channels = planes <= MaximumUndescribedChannels && _pages.TrueForAll(p => p.Channels == 1);
            described = [channels ? new((int)planes, 1, 1, 1) : new(1, (int)planes, 1, 1)];
        }

        long first = 0;
        foreach (TiffAxes series in described)
        {
            for (long position = 0; position < series.Positions; position++)
            {
                long[] image = new long[series.Channels];
                for (int c = 0; c < image.Length; c++)
                {
                    image[c] = first + series.PlaneOf(position, c);
                }

                AddImage(image);
            }

            first += series.Planes;
        }
    }

    private void AddImage(long[] planes)
    {
        // Pages of different size can't be channels of one image, whatever the description says.
        bool sameSize = _following || Array.TrueForAll(
            planes, p => _pages[(int)p].Width == _pages[(int)planes[0]].Width
                && _pages[(int)p].Height == _pages[(int)planes[0]].Height);
        if (sameSize)
        {
            _images.Add(planes);
        }
        else
        {
            _images.AddRange(planes.Select(p => new[] { p }));
        }
    }
}
