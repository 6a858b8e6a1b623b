namespace SelfAdapt.Files.Images;

/// <summary>
/// Pixels that hold no data: NaN, infinity, values of 1e20 and more in size (programs mark with such what a microscope did
/// not see), and what the file itself names. In their place stands the median of the channel's other pixels, taken over
/// at most about a million of them on a grid, so that an image is filled alike as a whole and row by row.
/// </summary>
internal sealed class MissingPixels
{
    private const float Beyond = 1e20f;
    private const double MostSamples = 1 << 20;
    private const int RowsAtATime = 256;

    private readonly float? _noData;
    private readonly int _step;
    private readonly long _pixels;
    private readonly Channel[] _channels;

    private MissingPixels(int channels, int height, int width, double? noData)
    {
        _noData = (float?)noData;
        _step = (int)Math.Ceiling(Math.Sqrt((double)height * width / MostSamples));
        _pixels = (long)height * width;
        _channels = [.. Enumerable.Range(0, channels).Select(_ => new Channel())];
    }

    /// <summary>Fills an image's missing pixels, in place.</summary>
    /// <param name="noData">What the file calls "no data"; null if nothing.</param>
    /// <returns>What was done, in words for the user; null if nothing was missing.</returns>
    public static string? Fill(Image image, double? noData)
    {
        MissingPixels missing = new(image.Channels, image.Height, image.Width, noData);
        if (!missing.Find(image))
        {
            return null;
        }

        missing.Sample(image, 0);
        missing.Choose();
        missing.Fill(image);
        return missing.Note;
    }

    /// <summary>Fills an image's missing pixels while its rows are read.</summary>
    /// <param name="rows">The image; read once here if any of its pixels may be missing.</param>
    /// <param name="note">What is done, in words for the user; null if nothing is missing.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: the data are damaged.</exception>
    public static IRowSource Fill(IRowSource rows, out string? note)
    {
        note = null;
        if (!rows.MayMissPixels)
        {
            return rows;
        }

        MissingPixels missing = new(rows.Channels, rows.Height, rows.Width, rows.NoData);
        bool any = false;
        for (int row = 0; row < rows.Height; row += RowsAtATime)
        {
            Image read = rows.Read(row, Math.Min(RowsAtATime, rows.Height - row));
            any |= missing.Find(read);
            missing.Sample(read, row);
        }

        if (!any)
        {
            return rows;
        }

        missing.Choose();
        note = missing.Note;
        return new FilledRows(rows, missing);
    }

    private string Note
    {
        get
        {
            long missing = _channels.Max(c => c.Missing);
            Channel most = _channels.First(c => c.Missing == missing);
            return missing == _pixels && _channels.All(c => c.Missing == _pixels)
                ? FormattableString.Invariant($"no pixel holds data (the first is {most.Example})")
                : FormattableString.Invariant(
                    $"{missing:N0} of {_pixels:N0} pixels hold no data (the first is {most.Example}); ")
                    + "the median of the others stands there";
        }
    }

    private bool IsMissing(float value) => !(MathF.Abs(value) < Beyond) || value == _noData;

    /// <summary>Looks at rows; true if any of their pixels is missing.</summary>
    private bool Find(Image rows)
    {
        bool any = false;
        for (int c = 0; c < rows.Channels; c++)
        {
            ReadOnlySpan<float> plane = rows.Plane(c);
            Channel channel = _channels[c];
            for (int i = 0; i < plane.Length; i++)
            {
                if (IsMissing(plane[i]))
                {
                    channel.Example = channel.Missing == 0 ? plane[i] : channel.Example;
                    channel.Missing++;
                    any = true;
                }
                else
                {
                    channel.Other ??= plane[i];
                }
            }
        }

        return any;
    }

    /// <summary>Takes what lies on the grid, for the median.</summary>
    private void Sample(Image rows, int firstRow)
    {
        for (int c = 0; c < rows.Channels; c++)
        {
            ReadOnlySpan<float> plane = rows.Plane(c);
            for (int y = (_step - (firstRow % _step)) % _step; y < rows.Height; y += _step)
            {
                for (int x = 0; x < rows.Width; x += _step)
                {
                    _channels[c].Sample(plane[(y * rows.Width) + x]);
                }
            }
        }
    }

    private void Choose()
    {
        foreach (Channel channel in _channels)
        {
            channel.ChooseFill(IsMissing);
        }
    }

    private void Fill(Image rows)
    {
        for (int c = 0; c < rows.Channels; c++)
        {
            if (_channels[c].Missing > 0)
            {
                foreach (ref float value in rows.Plane(c))
                {
                    value = IsMissing(value) ? _channels[c].FillWith : value;
                }
            }
        }
    }

    private sealed class Channel
    {
        private readonly List<float> _samples = [];

        public long Missing { get; set; }

        /// <summary>The first missing value.</summary>
        public float Example { get; set; }

        /// <summary>The first value that is not missing: the fill where the grid meets none.</summary>
        public float? Other { get; set; }

        public float FillWith { get; private set; }

        public void Sample(float value) => _samples.Add(value);

        public void ChooseFill(Func<float, bool> isMissing)
        {
            float[] present = [.. _samples.Where(s => !isMissing(s)).Order()];
            FillWith = present.Length > 0 ? present[present.Length / 2] : Other ?? 0;
        }
    }

    private sealed class FilledRows(IRowSource rows, MissingPixels missing) : IRowSource
    {
        public int Channels => rows.Channels;

        public int Height => rows.Height;

        public int Width => rows.Width;

        public bool MayMissPixels => false;

        public Image Read(int firstRow, int rowCount)
        {
            Image read = rows.Read(firstRow, rowCount);
            missing.Fill(read);
            return read;
        }
    }
}
