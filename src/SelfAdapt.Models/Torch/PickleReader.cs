using System.Buffers.Binary;
using System.Text;

namespace SelfAdapt.Models.Torch;

/// <summary>
/// A class or function named in a pickle; nothing is ever looked up or called by that name.
/// </summary>
/// <param name="Name">Module and name, separated by a blank.</param>
internal sealed record PickleGlobal(string Name);

/// <summary>A persistent id: torch's way to point at a storage entry.</summary>
/// <param name="Id">What was pushed before BINPERSID.</param>
internal sealed record PicklePersistent(object? Id);

/// <summary>The result of REDUCE: a call that a full unpickler would make.</summary>
internal sealed record PickleCall(string Function, object?[] Arguments);

/// <summary>A dictionary in insertion order.</summary>
internal sealed class PickleDictionary
{
    public List<KeyValuePair<object?, object?>> Items { get; } = [];
}

internal sealed class PickleList
{
    public List<object?> Items { get; } = [];
}

/// <summary>
/// Reads the small part of pickle protocol 2 that torch uses for state dicts. It builds plain data only: an
/// opcode
/// or a global beyond the list is refused by name, so a file can't make anything run.
/// </summary>
internal sealed class PickleReader
{
    public const string OrderedDict = "collections OrderedDict";

    private static readonly HashSet<string> AllowedGlobals =
    [
        OrderedDict, TorchNames.RebuildTensor, TorchNames.RebuildParameter, .. TorchNames.Storages.Keys,
    ];

    private static readonly object Mark = new();

    private readonly byte[] _bytes;
    private readonly string _origin;
    private readonly List<object?> _stack = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private readonly List<PicklePersistent> _persistentIds = [];

    /// <summary>Reads a pickle within bytes.</summary>
    /// <param name="origin">What errors call the file.</param>
    /// <param name="start">Where the pickle begins.</param>
    public PickleReader(byte[] bytes, string origin, int start = 0) =>
        (_bytes, _origin, Position) = (bytes, origin, start);

    /// <summary>The byte after what was read.</summary>
    public int Position { get; private set; }

    /// <summary>The persistent ids that were met, in file order.</summary>
    public IReadOnlyList<PicklePersistent> PersistentIds => _persistentIds;

    /// <summary>
    /// The pickled object: null, text, long, double, bool, object?[] (tuple), or one of the types above.
    /// </summary>
    public object? Read()
    {
        while (true)
        {
            byte opcode = Take(1)[0];
            switch (opcode)
            {
                case PickleOpcodes.Proto:
                    RequireProtocol(Take(1)[0]);
                    break;
                case PickleOpcodes.Stop:
                    return Pop();
                default:
                    Step(opcode);
                    break;
            }
        }
    }

    private void Step(byte opcode)
    {
        switch (opcode)
        {
            case PickleOpcodes.Mark:
                _stack.Add(Mark);
                break;
            case PickleOpcodes.Global:
                _stack.Add(ReadGlobal());
                break;
            case PickleOpcodes.BinUnicode:
                _stack.Add(ReadText());
                break;
            case PickleOpcodes.BinInt:
                _stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                break;
            case PickleOpcodes.BinInt1:
                _stack.Add((long)Take(1)[0]);
                break;
            case PickleOpcodes.BinInt2:
                _stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                break;
            case PickleOpcodes.BinFloat:
                _stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                break;
            case PickleOpcodes.NewFalse or PickleOpcodes.NewTrue:
                _stack.Add(opcode == PickleOpcodes.NewTrue);
                break;
            case PickleOpcodes.EmptyDict:
                _stack.Add(new PickleDictionary());
                break;
            case PickleOpcodes.EmptyTuple:
                _stack.Add(Array.Empty<object?>());
                break;
            case PickleOpcodes.Tuple1 or PickleOpcodes.Tuple2 or PickleOpcodes.Tuple3:
                _stack.Add(PopMany(opcode - PickleOpcodes.Tuple1 + 1));
                break;
            case PickleOpcodes.Tuple:
                _stack.Add(PopToMark());
                break;
            case PickleOpcodes.BinPersId:
                _persistentIds.Add(new PicklePersistent(Pop()));
                _stack.Add(_persistentIds[^1]);
                break;
            case PickleOpcodes.None:
                _stack.Add(null);
                break;
            case PickleOpcodes.EmptyList:
                _stack.Add(new PickleList());
                break;
            case PickleOpcodes.Append:
                Append(PopMany(1));
                break;
            case PickleOpcodes.Appends:
                Append(PopToMark());
                break;
            case PickleOpcodes.BinPut:
                _memo[Take(1)[0]] = Peek();
                break;
            case PickleOpcodes.LongBinPut:
                _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek();
                break;
            case PickleOpcodes.BinGet:
                _stack.Add(FromMemo(Take(1)[0]));
                break;
            case PickleOpcodes.LongBinGet:
                _stack.Add(FromMemo(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case PickleOpcodes.Reduce:
                Reduce();
                break;
            case PickleOpcodes.SetItem:
                SetItems(PopMany(2));
                break;
            case PickleOpcodes.SetItems:
                SetItems(PopToMark());
                break;
            case PickleOpcodes.Build:
                // The state of an OrderedDict is torch's _metadata, which nothing here needs.
                Pop();
                Target();
                break;
            default:
                throw Error($"the pickle opcode 0x{opcode:x2} is not allowed in a state dict");
        }
    }

    private void Reduce()
    {
        if (Pop() is not object?[] arguments || Pop() is not PickleGlobal function)
        {
            throw Error("REDUCE without a function and its arguments");
        }

        _stack.Add(function.Name == OrderedDict && arguments.Length == 0
            ? new PickleDictionary()
            : new PickleCall(function.Name, arguments));
    }

    private void SetItems(object?[] items)
    {
        PickleDictionary target = Target();
        if (items.Length % 2 != 0)
        {
            throw Error("a key without a value");
        }

        for (int i = 0; i < items.Length; i += 2)
        {
            target.Items.Add(new(items[i], items[i + 1]));
        }
    }

    private void Append(object?[] items)
    {
        PickleList target = Peek() as PickleList ?? throw Error("an item is appended to something that is no list");
        target.Items.AddRange(items);
    }

    private PickleDictionary Target() =>
        Peek() as PickleDictionary ?? throw Error("an item is set on something that is no dictionary");

    private PickleGlobal ReadGlobal()
    {
        string name = $"{ReadLine()} {ReadLine()}";
        return AllowedGlobals.Contains(name)
            ? new PickleGlobal(name)
            : throw TorchArchive.Foreign(
                _origin, $"it names '{name}', which is not allowed in a state dict: it is a whole pickled object, such "
                + "as a module, and would have to be run to be read");
    }

    private string ReadLine()
    {
        int end = Array.IndexOf(_bytes, (byte)'\n', Position);
        if (end < 0 || end - Position > 200)
        {
            throw Error("a global's name does not end");
        }

        string line = Encoding.ASCII.GetString(Take(end - Position));
        Position++;
        return line;
    }

    private string ReadText()
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        return length > _bytes.Length - Position
            ? throw Error($"a text claims {length} bytes")
            : Encoding.UTF8.GetString(Take((int)length));
    }

    private void RequireProtocol(byte protocol)
    {
        if (protocol != 2)
        {
            throw Error($"pickle protocol {protocol} is not read, only 2");
        }
    }

    private object? FromMemo(uint index) =>
        _memo.TryGetValue(index, out object? found) ? found : throw Error($"memo entry {index} is not set");

    private object? Peek() => _stack.Count > 0 ? _stack[^1] : throw Error("the stack is empty");

    private object? Pop()
    {
        object? top = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return top != Mark ? top : throw Error("a mark where a value belongs");
    }

    private object?[] PopMany(int count)
    {
        object?[] items = new object?[count];
        for (int i = count - 1; i >= 0; i--)
        {
            items[i] = Pop();
        }

        return items;
    }

    private object?[] PopToMark()
    {
        int mark = _stack.LastIndexOf(Mark);
        if (mark < 0)
        {
            throw Error("the mark is missing");
        }

        object?[] items = [.. _stack.Skip(mark + 1)];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return items;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - Position)
        {
            throw Error("it ends too early");
        }

        Position += count;
        return _bytes.AsSpan(Position - count, count);
    }

    private SelfAdaptException Error(string why) =>
        TorchArchive.Malformed(_origin, $"the pickle, byte {Position}: {why}");
}

internal static class PickleOpcodes
{
    public const byte Mark = (byte)'(';
    public const byte EmptyTuple = (byte)')';
    public const byte EmptyList = (byte)']';
    public const byte None = (byte)'N';
    public const byte Append = (byte)'a';
    public const byte Appends = (byte)'e';
    public const byte Stop = (byte)'.';
    public const byte BinBytes = (byte)'B';
    public const byte BinFloat = (byte)'G';
    public const byte BinInt = (byte)'J';
    public const byte BinInt1 = (byte)'K';
    public const byte BinInt2 = (byte)'M';
    public const byte BinPersId = (byte)'Q';
    public const byte Reduce = (byte)'R';
    public const byte BinUnicode = (byte)'X';
    public const byte Build = (byte)'b';
    public const byte Global = (byte)'c';
    public const byte BinGet = (byte)'h';
    public const byte LongBinGet = (byte)'j';
    public const byte BinPut = (byte)'q';
    public const byte LongBinPut = (byte)'r';
    public const byte SetItem = (byte)'s';
    public const byte Tuple = (byte)'t';
    public const byte SetItems = (byte)'u';
    public const byte EmptyDict = (byte)'}';
    public const byte Proto = 0x80;
    public const byte Tuple1 = 0x85;
    public const byte Tuple2 = 0x86;
    public const byte Tuple3 = 0x87;
    public const byte NewTrue = 0x88;
    public const byte NewFalse = 0x89;
}
