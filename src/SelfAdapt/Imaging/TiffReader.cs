using System;
using System.Collections.Generic;
using System.Linq;

namespace SelfAdapt.Imaging;

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
    /// <param name="file">The file.</param>
    /// <exception cref="SelfAdaptException">
    /// NoUsableInput: the file breaks the TIFF rules or is too large.
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

        string description = directories[0].Description();
        TiffAxes? imageJ = TiffAxes.FromImageJ(description);
        _following = imageJ is not null && _pages.Count == 1 && imageJ.Planes > 1
            && _pages[0].ContiguousOffset >= 0;
        long planes = _following ? imageJ!.Planes : _pages.Count;
        long samples = _pages.Sum(p => (long)p.Width * p.Height * p.Channels);
        if (planes > ImageLimits.Pages || (_following ? samples * planes : samples) > ImageLimits.FileSamples)
        {
            throw file.Unsupported(
                $"its {planes:N0} planes hold more than the {ImageLimits.FileSamples:N0} values "
                + $"or {ImageLimits.Pages:N0} pages that are read; split it into smaller files");
        }

        Arrange(imageJ is null ? TiffAxes.FromOme(description) : [imageJ], planes);
    }

    /// <summary>How many images the file holds.</summary>
    public int ImageCount => _images.Count;

    /// <summary>Decodes one image.</summary>
    /// <param name="index">0-based image.</param>
    /// <exception cref="SelfAdaptException">NoUsableInput: its data are damaged.</exception>
    public Raster Decode(int index)
    {
        List<Raster> planes = [];
        foreach (long plane in _images[index])
        {
            planes.Add(_following ? _pages[0].DecodeFollowing(plane) : _pages[(int)plane].Decode());
        }

        if (planes.Count == 1)
        {
            return planes[0];
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
