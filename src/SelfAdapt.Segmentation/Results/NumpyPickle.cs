using System.Runtime.InteropServices;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Segmentation.Results;

/// <summary>Writes NumPy arrays into a pickle, as NumPy's own reducer spells them.</summary>
internal static class NumpyPickle
{
    /// <param name="type">NumPy's short name of the element type: "u2", "f4", "b1".</param>
    public static void Array(PickleWriter pickle, string type, long[] shape, ReadOnlySpan<byte> values)
    {
        Begin(pickle, type, shape);
        pickle.Bytes(values);
        End(pickle);
    }

    /// <summary>An array without axes that holds one object.</summary>
    public static void Scalar(PickleWriter pickle, Action content)
    {
        Begin(pickle, "O8", []);
        pickle.Op(PickleOpcodes.EmptyList);
        content();
        pickle.Op(PickleOpcodes.Append);
        End(pickle);
    }

    /// <summary>The bytes of values; this machine's order is little-endian wherever .NET runs.</summary>
    public static ReadOnlySpan<byte> Raw<T>(T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan());

    private static void Begin(PickleWriter pickle, string type, IEnumerable<long> shape)
    {
        pickle.Global("numpy.core.multiarray _reconstruct");
        pickle.Op(PickleOpcodes.Mark);
        pickle.Global("numpy ndarray");
        pickle.Ints([0]);
        pickle.Bytes("b"u8);
        pickle.Op(PickleOpcodes.Tuple);
        pickle.Op(PickleOpcodes.Reduce);
        pickle.Op(PickleOpcodes.Mark);
        pickle.Int(1);
        pickle.Ints(shape);
        ElementType(pickle, type);
        pickle.Op(PickleOpcodes.NewFalse);
    }

    private static void End(PickleWriter pickle)
    {
        pickle.Op(PickleOpcodes.Tuple);
        pickle.Op(PickleOpcodes.Build);
    }

    private static void ElementType(PickleWriter pickle, string type)
    {
        pickle.Global("numpy dtype");
        pickle.Op(PickleOpcodes.Mark);
        pickle.Text(type);
        pickle.Op(PickleOpcodes.NewFalse);
        pickle.Op(PickleOpcodes.NewTrue);
        pickle.Op(PickleOpcodes.Tuple);
        pickle.Op(PickleOpcodes.Reduce);
        bool wide = type is not ("O8" or "b1" or "u1");
        pickle.Op(PickleOpcodes.Mark);
        pickle.Int(3);
        pickle.Text(wide ? "<" : "|");
        pickle.Op(PickleOpcodes.None);
        pickle.Op(PickleOpcodes.None);
        pickle.Op(PickleOpcodes.None);
        pickle.Int(-1);
        pickle.Int(-1);
        pickle.Int(type == "O8" ? 63 : 0);
        pickle.Op(PickleOpcodes.Tuple);
        pickle.Op(PickleOpcodes.Build);
    }
}
