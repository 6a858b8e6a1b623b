using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Xml;

namespace SelfAdapt.Files.Tiff;

/// <summary>
/// What a series of TIFF planes is: how many channels, slices and frames, and in which order.
/// </summary>
/// <param name="Channels">Number of channel planes at one position.</param>
/// <param name="Slices">Number of Z positions.</param>
/// <param name="Frames">Number of time points.</param>
/// <param name="ChannelStride">Distance, in planes, of two channels of the same position.</param>
internal sealed record TiffAxes(int Channels, int Slices, int Frames, int ChannelStride)
{
    private const int MaximumSize = 1_000_000;
    private const int MaximumXmlCharacters = 64_000_000;

    public long Planes => (long)Channels * Slices * Frames;

    /// <summary>Number of positions (slices x frames), each an image of its own.</summary>
    public long Positions => (long)Slices * Frames;

    /// <summary>The plane that holds a channel of a position.</summary>
    /// <param name="position">0-based position, in file order.</param>
    /// <param name="channel">0-based channel.</param>
    public long PlaneOf(long position, int channel)
    {
        (long outer, long inner) = Math.DivRem(position, ChannelStride);
        return (outer * ChannelStride * Channels) + ((long)channel * ChannelStride) + inner;
    }

    /// <summary>
    /// Reads ImageJ's description ("ImageJ=1.53t\nimages=6\nchannels=2..."), planes in XYCZT order.
    /// </summary>
    /// <param name="description">The first page's description.</param>
    /// <returns>The axes, or null if ImageJ did not write the file or the numbers make no sense.</returns>
    public static TiffAxes? FromImageJ(string description)
    {
        if (!description.StartsWith("ImageJ=", StringComparison.Ordinal))
        {
            return null;
        }

        Dictionary<string, int> values = [];
        foreach (string line in description.Split('\n'))
        {
            string[] parts = line.Split('=', 2);
            if (parts.Length == 2
                && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number is > 0 and < MaximumSize)
            {
                values[parts[0]] = number;
            }
        }

        int images = values.GetValueOrDefault("images", 1);
        int channels = values.GetValueOrDefault("channels", 1);
        int frames = values.GetValueOrDefault("frames", 1);
        int rest = Math.Max(1, (int)Math.Min(int.MaxValue, images / Math.Max(1, (long)channels * frames)));
        TiffAxes axes = new(channels, values.GetValueOrDefault("slices", rest), frames, 1);
        return axes.Planes == images ? axes : null;
    }

    /// <summary>Reads the OME-XML of an OME-TIFF, one entry per series.</summary>
    /// <param name="description">The first page's description.</param>
    /// <returns>
    /// The axes of each series in file order, or null if this is no OME-XML or it is not valid.
    /// </returns>
    public static List<TiffAxes>? FromOme(string description)
    {
        if (!description.Contains("<OME", StringComparison.Ordinal))
        {
            return null;
        }

        List<TiffAxes> series = [];
        XmlReaderSettings settings = new()
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = MaximumXmlCharacters,
        };
        try
        {
            using XmlReader reader = XmlReader.Create(new StringReader(description.Trim()), settings);
            while (reader.Read())
            {
                if (reader.NodeType == XmlNodeType.Element && reader.LocalName == "Pixels")
                {
                    series.Add(FromPixels(reader));
                }
                else if (reader.NodeType == XmlNodeType.Element && reader.LocalName == "Channel"
                    && series.Count > 0)
                {
                    // SizeC counts samples; planes are fewer when a channel holds RGB.
                    int samples = Number(reader, "SamplesPerPixel");
                    TiffAxes last = series[^1];
                    series[^1] = last with { Channels = Math.Max(1, last.Channels - (samples - 1)) };
                }
            }
        }
        catch (XmlException)
        {
            return null;
        }

        return series.Count > 0 ? series : null;
    }

    private static TiffAxes FromPixels(XmlReader reader)
    {
        TiffAxes axes = new(Number(reader, "SizeC"), Number(reader, "SizeZ"), Number(reader, "SizeT"), 1);
        int stride = 1;
        foreach (char axis in (reader.GetAttribute("DimensionOrder") ?? "XYCZT").AsSpan())
        {
            if (axis == 'C')
            {
                break;
            }

            stride = (int)Math.Min(
                int.MaxValue, (long)stride * (axis == 'Z' ? axes.Slices : axis == 'T' ? axes.Frames : 1));
        }

        return axes with { ChannelStride = stride };
    }

    private static int Number(XmlReader reader, string attribute)
        => int.TryParse(
            reader.GetAttribute(attribute), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? Math.Clamp(number, 1, MaximumSize)
            : 1;
}
