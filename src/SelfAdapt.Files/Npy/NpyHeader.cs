using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace SelfAdapt.Files.Npy;

/// <summary>
/// The header of a NumPy .npy file (NEP 1; format versions 1 to 3): a Python dictionary in text.
/// </summary>
internal sealed class NpyHeader
{
    private const int MaximumTextBytes = 1 << 16;
    private const int MaximumRank = 32;

    private readonly FileBytes _file;
    private readonly string _text;
    private int _at;
    private string _type = string.Empty;

    private NpyHeader(FileBytes file, string text, long dataOffset)
        => (_file, _text, DataOffset) = (file, text, dataOffset);

    /// <summary>The first six bytes of every .npy file.</summary>
    public static ReadOnlySpan<byte> Signature
        => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    public SampleKind Kind { get; private set; }

    /// <summary>Whether values have their high byte first.</summary>
    public bool BigEndian { get; private set; }

    /// <summary>Whether the first index runs fastest.</summary>
    public bool FortranOrder { get; private set; }

    /// <summary>Sizes of the axes.</summary>
    public int[] Shape { get; private set; } = [];

    /// <summary>First byte of the values.</summary>
    public long DataOffset { get; }

    /// <summary>Reads and checks the header.</summary>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: a malformed header or a type that is not read.
    /// </exception>
    public static NpyHeader Parse(FileBytes file)
    {
        ReadOnlySpan<byte> prefix = file.Slice(0, 10, "the header");
        if (!prefix.StartsWith(Signature) || prefix[6] is < 1 or > 3)
        {
            throw file.Malformed("it does not begin like an .npy file of version 1 to 3");
        }

        bool first = prefix[6] == 1;
        long length = first
            ? BinaryPrimitives.ReadUInt16LittleEndian(prefix[8..])
            : BinaryPrimitives.ReadUInt32LittleEndian(file.Slice(8, 4, "the header's length"));
        int start = first ? 10 : 12;
        if (length > MaximumTextBytes)
        {
            throw file.Malformed($"its header claims {length} bytes");
        }

        string text = Encoding.UTF8.GetString(file.Slice(start, length, "the header"));
        NpyHeader header = new(file, text, start + length);
        header.ParseDictionary();
        return header;
    }

    private void ParseDictionary()
    {
        HashSet<string> seen = [];
        Expect('{');
        while (!TryTake('}'))
        {
            string key = Quoted();
            Expect(':');
            switch (key)
            {
                case "descr":
                    SkipSpace();
                    if (_at < _text.Length && _text[_at] == '[')
                    {
                        throw _file.Unsupported("it is a structured array; save a plain array of numbers");
                    }

                    _type = Quoted();
                    break;
                case "fortran_order":
                    FortranOrder = Word() switch
                    {
                        "True" => true,
                        "False" => false,
                        _ => throw Bad(),
                    };
                    break;
                case "shape":
                    Shape = Tuple();
                    break;
                default:
                    throw Bad();
            }

            if (!seen.Add(key))
            {
                throw Bad();
            }

            if (!TryTake(','))
            {
                Expect('}');
                break;
            }
        }

        if (seen.Count != 3)
        {
            throw Bad();
        }

        ParseType();
    }

    private void ParseType()
    {
        if (_type.Contains('O', StringComparison.Ordinal))
        {
            throw _file.Unsupported(
                "it holds Python objects (like Cellpose's _seg.npy), which can't be read; save "
                + "the image or the masks as PNG, TIFF or a plain array");
        }

        if (_type.Length < 3 || _type[0] is not ('<' or '>' or '|' or '='))
        {
            throw Bad();
        }

        BigEndian = _type[0] == '>';
        Kind = _type[1..] switch
        {
            "b1" or "u1" => SampleKind.UInt8,
            "i1" => SampleKind.Int8,
            "u2" => SampleKind.UInt16,
            "i2" => SampleKind.Int16,
            "u4" => SampleKind.UInt32,
            "i4" => SampleKind.Int32,
            "u8" => SampleKind.UInt64,
            "i8" => SampleKind.Int64,
            "f2" => SampleKind.Float16,
            "f4" => SampleKind.Float32,
            "f8" => SampleKind.Float64,
            _ => throw _file.Unsupported(
                $"its values are of the type '{_type}', which isn't read; save it as "
                + "integers or floats"),
        };
    }

    private int[] Tuple()
    {
        List<int> sizes = [];
        Expect('(');
        while (!TryTake(')'))
        {
            string word = Word().TrimEnd('L');
            if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int size)
                || sizes.Count == MaximumRank)
            {
                throw Bad();
            }

            sizes.Add(size);
            if (!TryTake(','))
            {
                Expect(')');
                break;
            }
        }

        return [.. sizes];
    }

    private string Quoted()
    {
        SkipSpace();
        if (_at >= _text.Length || _text[_at] is not ('\'' or '"'))
        {
            throw Bad();
        }

        int end = _text.IndexOf(_text[_at], _at + 1);
        if (end < 0)
        {
            throw Bad();
        }

        string value = _text[(_at + 1)..end];
        _at = end + 1;
        return value;
    }

    private string Word()
    {
        SkipSpace();
        int start = _at;
        while (_at < _text.Length && char.IsAsciiLetterOrDigit(_text[_at]))
        {
            _at++;
        }

        return _text[start.._at];
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at]))
        {
            _at++;
        }
    }

    private bool TryTake(char c)
    {
        SkipSpace();
        bool found = _at < _text.Length && _text[_at] == c;
        _at += found ? 1 : 0;
        return found;
    }

    private void Expect(char c)
    {
        if (!TryTake(c))
        {
            throw Bad();
        }
    }

    private SelfAdaptException Bad()
        => _file.Malformed($"its .npy header can't be understood at character {_at}");
}
