using System.Collections.Concurrent;
using System.Reflection;

namespace SelfAdapt;

/// <summary>The properties of a type that are options.</summary>
internal static class Settings
{
    private static readonly ConcurrentDictionary<Type, IReadOnlyList<(PropertyInfo, SettingAttribute)>> Known = new();

    /// <summary>A type's options in the order of its source, inherited ones last, the farther the later.</summary>
    public static IReadOnlyList<(PropertyInfo Property, SettingAttribute Setting)> Of(Type type) =>
        Known.GetOrAdd(type, static t =>
        [
            .. t.GetProperties(BindingFlags.Instance | BindingFlags.Public)
                .OrderByDescending(p => Depth(p.DeclaringType!)).ThenBy(p => p.MetadataToken)
                .Select(p => (p, p.GetCustomAttribute<SettingAttribute>()!)).Where(p => p.Item2 is not null),
        ]);

    /// <summary>Checks every range, those of options within options too.</summary>
    /// <exception cref="SelfAdaptException">InvalidOption: a value is out of its range; the message names both.</exception>
    public static void Check(object options) => Check(options, "");

    /// <summary>Checks that an interval's ends are the right way round.</summary>
    /// <exception cref="SelfAdaptException">InvalidOption: they are not.</exception>
    public static void CheckOrder(string fromName, double from, string toName, double to) => Require(
        from <= to,
        FormattableString.Invariant($"{fromName} is {from}, above {toName}, which is {to}; exchange them."));

    /// <summary>Checks what two options must be together.</summary>
    /// <exception cref="SelfAdaptException">InvalidOption: the condition does not hold.</exception>
    public static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new SelfAdaptException(ErrorKind.InvalidOption, message);
        }
    }

    private static int Depth(Type type) => type.BaseType is { } parent ? Depth(parent) + 1 : 0;

    private static void Check(object options, string prefix)
    {
        foreach ((PropertyInfo property, SettingAttribute setting) in Of(options.GetType()))
        {
            string name = prefix + property.Name;
            object? value = property.GetValue(options);
            if (value is null or bool or string)
            {
                continue;
            }

            if (Of(value.GetType()).Count > 0)
            {
                Check(value, name + ".");
            }
            else if (setting.Fault(name, value) is { } fault)
            {
                throw new SelfAdaptException(ErrorKind.InvalidOption, fault);
            }
        }
    }
}
