using System.Buffers.Binary;
using System.Text;

namespace SelfAdapt.Tests.Segmentation.Results;

/// <summary>An array as unpickled: element type, sizes, bytes, or for an object array its one object.</summary>
internal sealed class NumpyArray
{
    public string Type { get; set; } = "";

    public object?[] Shape { get; set; } = [];

    public byte[] Data { get; set; } = [];

    public object? Content { get; set; }

    public Dictionary<string, object?> Entries() => (Dictionary<string, object?>)Content!;

    public override string ToString() => $"{Type} {string.Join(',', Shape)}";
}

/// <summary>A small machine for the pickles in _seg.npy files, that knows only what NumPy's arrays need.</summary>
internal static class SegFileReader
{
    private static readonly object Mark = new();

    public static NumpyArray Read(byte[] file)
    {
        int header = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8));
        string text = Encoding.ASCII.GetString(file, 10, header);
        StringAssertContains(text, "'descr': '|O'");
        StringAssertContains(text, "'shape': ()");
        Microsoft.VisualStudio.TestTools.UnitTesting.Assert.AreEqual(0, (10 + header) % 64);
        return (NumpyArray)Unpickle(file.AsSpan(10 + header))!;
    }

    private static void StringAssertContains(string text, string part) =>
        Microsoft.VisualStudio.TestTools.UnitTesting.StringAssert.Contains(text, part, StringComparison.Ordinal);

    private static object? Unpickle(ReadOnlySpan<byte> p)
    {
        Stack<object?> stack = new();
        for (int at = 2; ;)
        {
            byte op = p[at++];
            switch ((char)op)
            {
                case '.':
                    return stack.Pop();
                case '(':
                    stack.Push(Mark);
                    break;
                case 'c':
                    int end = at + p[at..].IndexOf((byte)'\n');
                    int second = end + 1 + p[(end + 1)..].IndexOf((byte)'\n');
                    stack.Push(Encoding.ASCII.GetString(p[at..second]));
                    at = second + 1;
                    break;
                case 'J':
                    stack.Push((long)BinaryPrimitives.ReadInt32LittleEndian(p[at..]));
                    at += 4;
                    break;
                case 'G':
                    stack.Push(BinaryPrimitives.ReadDoubleBigEndian(p[at..]));
                    at += 8;
                    break;
                case 'X' or 'B':
                    int length = BinaryPrimitives.ReadInt32LittleEndian(p[at..]);
                    ReadOnlySpan<byte> run = p.Slice(at + 4, length);
                    stack.Push(op == 'X' ? Encoding.UTF8.GetString(run) : run.ToArray());
                    at += 4 + length;
                    break;
                case 'N':
                    stack.Push(null);
                    break;
                case ']':
                    stack.Push(new List<object?>());
                    break;
                case '}':
                    stack.Push(new Dictionary<string, object?>());
                    break;
                case 't':
                    stack.Push(PopToMark(stack));
                    break;
                case 'a':
                    object? item = stack.Pop();
                    ((List<object?>)stack.Peek()!).Add(item);
                    break;
                case 'e':
                    object?[] items = PopToMark(stack);
                    ((List<object?>)stack.Peek()!).AddRange(items);
                    break;
                case 'u':
                    object?[] pairs = PopToMark(stack);
                    for (int i = 0; i < pairs.Length; i += 2)
                    {
                        ((Dictionary<string, object?>)stack.Peek()!).Add((string)pairs[i]!, pairs[i + 1]);
                    }

                    break;
                case 'R':
                    Reduce(stack);
                    break;
                case 'b':
                    Build(stack);
                    break;
                default:
                    stack.Push(op switch
                    {
                        0x88 => true,
                        0x89 => false,
                        _ => throw new InvalidOperationException($"opcode 0x{op:x2} at {at}"),
                    });
                    break;
            }
        }
    }

    private static void Reduce(Stack<object?> stack)
    {
        object?[] arguments = (object?[])stack.Pop()!;
        string function = (string)stack.Pop()!;
        stack.Push(function switch
        {
            "numpy.core.multiarray\n_reconstruct" => new NumpyArray(),
            "numpy\ndtype" => new StringBuilder((string)arguments[0]!),
            _ => throw new InvalidOperationException(function),
        });
    }

    private static void Build(Stack<object?> stack)
    {
        object?[] state = (object?[])stack.Pop()!;
        switch (stack.Peek())
        {
            case StringBuilder type:
                type.Insert(0, (string)state[1]!);
                break;
            case NumpyArray array:
                array.Shape = (object?[])state[1]!;
                array.Type = state[2]!.ToString()!;
                array.Data = state[4] as byte[] ?? [];
                array.Content = (state[4] as List<object?>)?.Single();
                break;
        }
    }

    private static object?[] PopToMark(Stack<object?> stack)
    {
        List<object?> items = [];
        while (stack.Peek() != Mark)
        {
            items.Insert(0, stack.Pop());
        }

        stack.Pop();
        return [.. items];
    }
}
